// Draws each table that asks for it: the chart has the numbers of the table beside it, and no others.

(() => {
  "use strict";

  const drawn = new Map();
  const language = document.documentElement.lang || undefined;
  const format = new Intl.NumberFormat(language);

  for (const holder of document.querySelectorAll("[data-nsfw-chart]")) {
    holder.hidden = false;
    const details = holder.parentElement.querySelector("details:not([data-nsfw-unfolded])");
    if (details) details.open = false;
    draw(holder);
  }

  // Somebody turns the theme of the page, or of the whole machine.
  const redraw = () => drawn.forEach((chart, holder) => {
    chart.destroy();
    draw(holder);
  });
  new MutationObserver(redraw).observe(document.documentElement, {
    attributes: true, attributeFilter: ["data-theme", "class"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  function draw(holder) {
    const kind = holder.dataset.nsfwChart;
    const table = holder.parentElement.querySelector("table");
    const colour = coloursOf(holder);
    const rows = [...table.tBodies[0].rows];
    const series = [...table.tHead.rows[0].cells].flatMap((head, at) => head.dataset.tone ? [{
      label: head.textContent,
      data: rows.map((row) => Number(row.cells[at].dataset.number)),
      ...styleOf(kind, colour(`--nsfw-${head.dataset.tone}`), colour("--nsfw-ground")),
    }] : []);
    drawn.set(holder, new Chart(holder.querySelector("canvas"), {
      type: kind === "line" ? "line" : "bar",
      data: { labels: rows.map((row) => row.cells[0].textContent.trim()), datasets: series },
      options: optionsOf(kind, colour),
      plugins: [marksOf(holder, colour)],
    }));
  }

  function styleOf(kind, own, ground) {
    if (kind === "line") {
      return { borderColor: own, backgroundColor: own, borderWidth: 2, pointRadius: 0,
               pointHitRadius: 12, tension: 0 };
    }
    const share = kind === "bars" ? 1 : 0.85;
    return { backgroundColor: own, borderColor: ground, borderWidth: 1, maxBarThickness: 48,
             categoryPercentage: share, barPercentage: kind === "bars" ? 1 : 0.95 };
  }

  function optionsOf(kind, colour) {
    const sideways = kind === "sideways";
    const stacked = kind === "stacked" || sideways;
    const ink = colour("--nsfw-ink");
    const count = {
      stacked, beginAtZero: true, grid: { color: colour("--nsfw-line") },
      ticks: { color: ink, precision: 0, callback: (value) => format.format(value) },
    };
    const name = { stacked, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkip: !sideways } };
    return {
      animation: false,
      maintainAspectRatio: false,
      locale: language,
      indexAxis: sideways ? "y" : "x",
      interaction: { mode: "index", axis: sideways ? "y" : "x", intersect: false },
      scales: sideways ? { x: count, y: name } : { x: name, y: count },
      plugins: {
        legend: { display: kind !== "bars", position: "bottom",
                  labels: { color: ink, boxWidth: 14, boxHeight: 14 } },
      },
    };
  }

  // Lines at parts of the width: where a threshold lies between the scores on the axis.
  function marksOf(holder, colour) {
    const marks = [...holder.parentElement.querySelectorAll("[data-at]")];
    return {
      id: "nsfwMarks",
      afterDatasetsDraw({ ctx, chartArea }) {
        ctx.save();
        ctx.strokeStyle = colour("--nsfw-mark");
        ctx.fillStyle = colour("--nsfw-mark");
        ctx.lineWidth = 2;
        ctx.setLineDash([6, 4]);
        marks.forEach((mark) => {
          const x = chartArea.left + Number(mark.dataset.at) * chartArea.width;
          ctx.beginPath();
          ctx.moveTo(x, chartArea.top);
          ctx.lineTo(x, chartArea.bottom);
          ctx.stroke();
        });
        ctx.restore();
      },
    };
  }

  function coloursOf(holder) {
    const style = getComputedStyle(holder);
    return (name) => style.getPropertyValue(name).trim();
  }
})();
