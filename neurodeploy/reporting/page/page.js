"use strict";
/* The page works without this script; with it, cores, moments and runs can be chosen. Texts are set, never parsed. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en-US");
  const percent = (share) => (100 * share).toFixed(1).replace(/\.0$/, "") + " %";

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function row(cells, name) {
    const made = element("tr");
    cells.forEach((text, i) => {
      const cell = element(i || name === "th" ? name : "th", text, i ? "n" : "");
      if (name === "th" || !i) cell.scope = name === "th" ? "col" : "row";
      made.append(cell);
    });
    return made;
  }

  function table(caption, heads, rows) {
    const made = element("table"), head = element("thead"), body = element("tbody");
    made.append(element("caption", caption), head, body);
    head.append(row(heads, "th"));
    rows.forEach((cells) => body.append(row(cells, "td")));
    return made;
  }

  /* The sections of the page: what they tell of the first run, and of each other that is told in full. */
  const places = data.views.map((view, i) => [...document.querySelectorAll(`.of[data-run="${i}"]`)]);
  const within = (i, name) => places[i].map((place) => place.querySelector(name)).find(Boolean);

  /* The chip. */
  function chips(i) {
    const measure = within(i, ".measure"), panel = within(i, ".told"), scale = within(i, ".scale");
    const { measures, cores } = data.views[i].cores;
    if (!measure) return;
    const drawn = [...measure.closest(".of").querySelectorAll(".core")];
    measures.forEach((each, i) => each.work && measure.append(new Option(each.title, i)));
    measure.append(new Option("layer", "layer"));
    const layers = [...new Set(cores.flatMap((core) => core.layers.map((layer) => layer[0])))];

    const part = (core, i) => (core.of[i] ? core.used[i] / core.of[i] : 0);
    function value(core) {
      if (measure.value !== "tightest") return part(core, Number(measure.value));
      return Math.max(0, ...measures.map((each, i) => (each.work ? 0 : part(core, i))));
    }

    function paint() {
      const chosen = measures[measure.value], byLayer = measure.value === "layer";
      drawn.forEach((shape) => {
        const core = cores[shape.dataset.core], share = byLayer ? 0 : value(core);
        const first = core.layers.length ? layers.indexOf(core.layers[0][0]) : 0;
        shape.style.setProperty("--v", Math.min(share, 1).toFixed(3));
        shape.style.setProperty("--hue", Math.round(215 + 137.508 * first) % 360);
        shape.classList.toggle("layered", byLayer);
        shape.classList.toggle("strong", share > 0.55);
        shape.querySelector("text").textContent = byLayer ? first + 1 : Math.round(100 * share);
        shape.setAttribute("aria-label", label(core, byLayer ? null : share));
      });
      scale.textContent = byLayer
        ? layers.map((name, i) => `${i + 1} ${name}`).join(", ")
        : chosen && chosen.work
          ? `100 is the busiest core, ${number(Math.max(...cores.map((core) => core.of[measure.value])))} in all recordings`
          : "100 is all that the core has";
    }

    function label(core, share) {
      const held = core.layers.map((layer) => layer[0]).join(", ");
      const told = share === null ? "" : `, ${Math.round(100 * share)} % of ${measure.selectedOptions[0].textContent}`;
      return `core ${core.core}: ${held}${told}`;
    }

    function show(shape) {
      const core = cores[shape.dataset.core];
      drawn.forEach((other) => {
        other.setAttribute("aria-pressed", other === shape);
        other.setAttribute("tabindex", other === shape ? "0" : "-1");
      });
      const place = core.slot === null ? "" : `, place ${core.slot}`;
      panel.replaceChildren(element("h4", `Core ${core.core} on chip ${core.chip}${place}`));
      const held = core.layers.map(([name, neurons]) => [name, neurons === null ? "–" : number(neurons)]);
      panel.append(table("What lives in it", ["layer", "neurons"], held));
      const uses = [], works = [];
      measures.forEach((each, i) => {
        const used = core.used[i], of = core.of[i];
        if (each.work) works.push([each.title, number(used), of ? percent(used / of) : "–"]);
        else uses.push([each.title, `${number(used)} of ${number(of)}`, percent(part(core, i))]);
      });
      panel.append(table("What it uses", ["limit", "used", "share"], uses));
      if (works.length) panel.append(table("What it did in all recordings", ["work", "events", "of the busiest"], works));
    }

    /* One core can be reached with Tab, the others from it by arrows, to the nearest in that direction. */
    function next(shape, key) {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
      const here = shape.getBoundingClientRect();
      let best = null, least = Infinity;
      drawn.forEach((other) => {
        const there = other.getBoundingClientRect();
        const x = there.x - here.x, y = there.y - here.y, ahead = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
        if (ahead > 1 && ahead + 3 * aside < least) [best, least] = [other, ahead + 3 * aside];
      });
      return best;
    }

    drawn.forEach((shape) => {
      shape.addEventListener("click", () => show(shape));
      shape.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") show(shape);
        else if (event.key.startsWith("Arrow")) (next(shape, event.key) || shape).focus();
        else return;
        event.preventDefault();
      });
    });
    if (drawn.length) drawn[0].setAttribute("tabindex", "0");
    /* Chips side by side are coloured by the same. */
    measure.addEventListener("change", () => document.querySelectorAll(".measure").forEach((other) => {
      const title = measure.selectedOptions[0].textContent;
      const same = [...other.options].find((option) => option.textContent === title);
      if (same) other.value = same.value;
      other.dispatchEvent(new Event("paint"));
    }));
    measure.addEventListener("paint", paint);
    paint();
  }

  /* Which run is compared with the first. */
  let compared = data.runs.length > 1 ? 1 : 0;
  const followers = [];
  let choose = () => {};

  function runs() {
    const select = find("switch"), panels = [...document.querySelectorAll(".pair")], last = data.runs.length - 1;
    if (!select) return;
    const mark = (chosen) => {
      const panel = data.pairs ? null : panels[compared - 1];
      if (panel) {
        panel.classList.toggle("chosen", chosen);
        panel.open = chosen;
      }
      (places[compared] || []).forEach((place) => place.classList.toggle("chosen", chosen));
    };
    const show = () => {
      mark(false);
      compared = Number(select.value);
      mark(true);
      if (data.pairs) tell(data.pairs[compared - 1]);
      find("before").disabled = compared === 1;
      find("after").disabled = compared === last;
      followers.forEach((follow) => follow());
    };
    const step = (by) => () => {
      select.value = Math.min(Math.max(compared + by, 1), last);
      show();
    };
    select.addEventListener("change", show);
    find("before").addEventListener("click", step(-1));
    find("after").addEventListener("click", step(1));
    choose = (run) => {
      if (run === 0) return;
      select.value = run;
      show();
    };
    show();
  }

  function tell(pair) {
    const told = [element("h3", pair.title), ...pair.lines.map((line) => element("p", line))];
    if (pair.layers.length) told.push(table(pair.caption, ["layer", "first run", "this run", "equal", "share"], pair.layers));
    find("pair").replaceChildren(...told);
  }

  /* Accuracy over time. */
  function curves() {
    const slider = find("curve-step"), text = find("curve-text");
    if (!slider) return;
    const svg = document.querySelector(".curve"), { left, right, top, bottom } = svg.dataset;
    const known = data.curves.filter(Boolean), last = Math.max(...known.map((curve) => curve.steps.at(-1)));
    const moments = known.reduce((longest, curve) => (curve.steps.length > longest.length ? curve.steps : longest), []);
    const lines = [...svg.querySelectorAll(".run")], chosen = svg.querySelector(".chosen"), cursor = svg.querySelector(".cursor");
    const across = (step) => Number(left) + ((right - left) * step) / last;
    const down = (share) => Number(top) + (1 - share) * (bottom - top);
    slider.max = moments.length - 1;
    slider.value = slider.max;

    function at(curve, step) {
      let i = curve.steps.findLastIndex((each) => each <= step);
      return i < 0 ? 0 : curve.correct[i];
    }

    function told(i, step) {
      const curve = data.curves[i], right = at(curve, step);
      return `${data.runs[i]}: ${((100 * right) / curve.total).toFixed(2)} % (${number(right)} of ${number(curve.total)})`;
    }

    function show() {
      const step = moments[slider.value], wanted = [0, compared].filter((i, k) => data.curves[i] && (!k || compared));
      cursor.setAttribute("x1", across(step));
      cursor.setAttribute("x2", across(step));
      cursor.setAttribute("visibility", "visible");
      slider.setAttribute("aria-valuetext", `step ${step}`);
      text.textContent = `After step ${number(step)}: ` + wanted.map((i) => told(i, step)).join("; ");
    }

    followers.push(() => {
      lines.forEach((line) => line.classList.toggle("faint", ![0, compared].includes(Number(line.dataset.run))));
      const curve = data.curves[compared];
      const missing = curve && compared && !lines.some((line) => Number(line.dataset.run) === compared);
      const points = missing ? curve.steps.map((step, i) => `${across(step).toFixed(1)},${down(curve.correct[i] / curve.total).toFixed(1)}`) : [];
      chosen.setAttribute("points", points.join(" "));
      show();
    });
    slider.addEventListener("input", show);
    show();
  }

  /* The moment of the recording. */
  function raster(i) {
    const drawing = within(i, ".moments"), told = data.views[i].timeline;
    if (!drawing || !told) return;
    const slider = drawing.querySelector("input"), text = drawing.parentElement.querySelector("output");
    const svg = drawing.querySelector("svg"), box = svg.viewBox.baseVal, { left, right } = drawing.dataset;
    const cursor = document.createElementNS(svg.namespaceURI, "line");
    cursor.setAttribute("y1", 0);
    cursor.setAttribute("y2", box.height);
    cursor.setAttribute("class", "cursor");
    svg.append(cursor);
    const last = told.moments.at(-1);
    slider.max = told.moments.length - 1;
    slider.value = slider.max;
    const show = () => {
      const i = Number(slider.value), step = told.moments[i];
      const x = box.width * (Number(left) + ((right - left) * step) / last);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      const votes = told.classes.map((counts) => counts[i]), most = Math.max(0, ...votes);
      const leader = most ? `class ${votes.indexOf(most)} leads with ${number(most)} of ${number(votes.reduce((a, b) => a + b, 0))} output spikes` : "the output is silent";
      const ms = Number((step * told.timestep_ms).toPrecision(6));
      slider.setAttribute("aria-valuetext", `${ms} ms`);
      text.textContent = `Until ${number(ms)} ms (step ${number(step)}): ` + (told.classes.length ? leader + "; " : "")
        + told.layers.map((layer) => `${layer.name} ${number(layer.so_far[i])}`).join(", ") + " spikes";
    };
    slider.addEventListener("input", show);
    show();
  }

  /* The table of many runs: sorted, filtered, in pages. */
  function pages() {
    const list = find("table"), PAGE = 50;
    if (!list) return;
    const body = list.tBodies[0], heads = [...list.tHead.rows[0].cells], numeric = heads.map((head) => head.className);
    const words = data.runs.map((name) => name.toLowerCase());
    let order = data.runs.map((name, run) => run), first = 0, wanted = order;

    function line(run) {
      const made = element("tr"), head = element("th");
      head.append(element("bdi", data.runs[run]));
      head.scope = "row";
      made.append(head, ...data.table.map((column, i) => element("td", column.texts[run], numeric[i + 1])));
      made.dataset.run = run;
      return made;
    }

    function show() {
      first = Math.max(0, Math.min(first, Math.floor((wanted.length - 1) / PAGE) * PAGE));
      body.replaceChildren(...wanted.slice(first, first + PAGE).map(line));
      mark();
      find("page").textContent = wanted.length
        ? `${number(first + 1)} to ${number(Math.min(first + PAGE, wanted.length))} of ${number(wanted.length)}`
        : "no run has that name";
      find("back").disabled = first === 0;
      find("forth").disabled = first + PAGE >= wanted.length;
    }

    function mark() {
      [...body.rows].forEach((each) => {
        if (Number(each.dataset.run) === compared) each.setAttribute("aria-current", "true");
        else each.removeAttribute("aria-current");
      });
    }

    function filter() {
      const word = find("find").value.toLowerCase();
      wanted = order.filter((run) => words[run].includes(word));
      first = 0;
      show();
    }

    function keys(column) {
      if (!column) return words;
      const { values, texts } = data.table[column - 1];
      return values || texts;
    }

    function sort(column) {
      const up = heads[column].getAttribute("aria-sort") !== "ascending", key = keys(column);
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
      order = [...order].sort((one, other) => {
        const a = key[one], b = key[other];
        if (a === null || b === null) return (a === null) - (b === null); // what is unknown comes last
        return (up ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0);
      });
      filter();
    }

    followers.push(mark);
    body.addEventListener("click", (event) => {
      const chosen = event.target.closest("tr");
      if (chosen) choose(Number(chosen.dataset.run));
    });
    heads.forEach((head, column) => {
      const button = element("button", head.textContent);
      button.type = "button";
      button.addEventListener("click", () => sort(column));
      head.replaceChildren(button);
    });
    find("find").addEventListener("input", filter);
    find("back").addEventListener("click", () => { first -= PAGE; show(); });
    find("forth").addEventListener("click", () => { first += PAGE; show(); });
    show();
  }

  data.views.forEach((view, i) => chips(i));
  data.views.forEach((view, i) => raster(i));
  curves();
  pages();
  runs();
  document.documentElement.dataset.ready = "yes";
})();
