"use strict";

// TinyMCE's images_upload_handler. Its own reads no answer but that of a success.
{
  const editorOf = (picture) =>
    tinymce.get().find((editor) => editor.editorUpload?.blobCache.get(picture.id()) === picture) ??
    tinymce.activeEditor;

  // In the form, where the cookie is not to be read by scripts, or there is none.
  const token = () =>
    document.querySelector("[name=csrfmiddlewaretoken]")?.value ??
    document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ??
    "";

  window.nsfwUploadToTinyMCE = (picture, progress) =>
    new Promise((resolve, reject) => {
      const editor = editorOf(picture);
      const refuse = (message) => reject({ message, remove: true });
      const request = new XMLHttpRequest();
      request.open("POST", editor.options.get("images_upload_url"));
      request.setRequestHeader("X-CSRFToken", token());
      request.responseType = "json";
      request.upload.onprogress = (event) => progress((event.loaded / event.total) * 100);
      request.onerror = () => refuse(`HTTP ${request.status}`);
      request.onload = () => {
        const answer = request.response;
        if (!answer?.location) {
          refuse(answer?.error?.message ?? `HTTP ${request.status}`);
          return;
        }
        if (answer.notice) {
          editor.notificationManager.open({ text: answer.notice, type: "info" });
        }
        resolve(answer.location);
      };
      const form = new FormData();
      form.append("file", picture.blob(), picture.filename());
      request.send(form);
    });
}
