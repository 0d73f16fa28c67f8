// Draws each table that has a chart: its rows along the axis, its marked columns as bars or lines.
(() => {
  const language = document.documentElement.lang;
  const STYLES = [
    { stroke: "#0b5d7a", fill: "#7fb2c6" },
    { stroke: "#4b5563", dash: [5, 4] },
    { stroke: "#9f2418" },
    { stroke: "#7a4f00" },
  ];
  const HEIGHT = 236;
  const AXIS = { stroke: "#536070", grid: { stroke: "#e8ebef", width: 1 }, ticks: { show: false } };

  // Written by hand: the kinds of values that a chart shows are these.
  const writer = (kind) => {
    const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
    return (value) => (value === null || value === undefined ? "–" : numbers.format(kind === "share" ? value * 100 : value));
  };

  const read = (table) => {
    const rows = [...table.tBodies[0].rows];
    const columns = [...table.tHead.rows[0].cells]
      .map((cell, index) => ({ index, label: cell.textContent, ...cell.dataset }))
      .filter((column) => column.plot);
    return {
      first: table.tHead.rows[0].cells[0].textContent,
      labels: rows.map((row) => row.cells[0].dataset.short),
      names: rows.map((row) => row.cells[0].textContent),
      columns,
      values: columns.map((column) =>
        rows.map((row) => {
          const value = row.cells[column.index].dataset.value;
          return value === "" ? null : Number(value);
        }),
      ),
    };
  };

  const series = (columns) =>
    columns.map((column, index) => ({
      label: column.label,
      width: 2,
      points: { show: false },
      ...STYLES[index],
      ...(column.plot === "bar" ? { width: 0, paths: uPlot.paths.bars({ size: [0.7, 48] }) } : { fill: undefined }),
      value: (chart, value) => writer(column.kind)(value),
    }));

  const draw = (place) => {
    const { first, labels, names, columns, values } = read(document.getElementById(place.dataset.chart));
    const write = writer(columns[0].kind);
    const font = `13px ${getComputedStyle(document.body).fontFamily}`;
    const room = 18 + 8 * Math.max(...labels.map((label) => label.length));
    const every = (width) => Math.ceil(labels.length / Math.max(1, Math.floor(width / room)));
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { y: false, drag: { x: false, y: false } },
      legend: { live: true, isolate: false },
      scales: {
        x: { time: false, range: [-0.6, labels.length - 0.4] },
        y: { range: (chart, least, most) => [0, most > 0 ? most * 1.08 : 1] },
      },
      axes: [
        {
          ...AXIS,
          font,
          grid: { show: false },
          splits: (chart) => labels.map((_, index) => index).filter((index) => index % every(chart.bbox.width / devicePixelRatio) === 0),
          values: (chart, splits) => splits.map((index) => labels[index]),
        },
        { ...AXIS, font, size: 64, values: (chart, splits) => splits.map(write) },
      ],
      series: [{ label: first, value: (chart, index) => (index === null ? "" : names[index]) }, ...series(columns)],
    };
    return new uPlot(options, [labels.map((_, index) => index), ...values], place);
  };

  const charts = new Map();
  const resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      charts.get(target)?.setSize({ width: Math.floor(contentRect.width), height: HEIGHT });
    }
  });
  for (const place of document.querySelectorAll("[data-chart]")) {
    charts.set(place, draw(place));
    resized.observe(place);
  }
})();
