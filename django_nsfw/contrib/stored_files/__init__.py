"""Files that are saved into a storage and belong to no model: by an editor, a view, a command."""
