(function (section) {
  "use strict";
  const get = (name) => section.querySelector(name);
  const data = JSON.parse(get(".nd-data").textContent);

  // The data: what neurodeploy/replays/packing.py wrote.
  function bytes(text) {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  }
  function spikes(packed) {
    const source = bytes(packed.delta), step = new Uint32Array(packed.count);
    for (let i = 0, at = 0, now = 0; i < packed.count; i++) {
      let shift = 0, part;
      do {
        part = source[at++];
        now += (part & 127) * 2 ** shift;
        shift += 7;
      } while (part > 127);
      step[i] = now;
    }
    const kind = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[packed.width];
    return { step: step, neuron: new kind(bytes(packed.neuron).buffer), neurons: packed.neurons };
  }
  const input = spikes(data.input), output = spikes(data.output);
  const layer = data.layer ? spikes(data.layer) : output;
  const v = data.membrane && new Int32Array(bytes(data.membrane.v).buffer);
  const [height, width] = data.plane;
  const pixels = height * width;

  // Number of spikes before a step.
  function before(list, step) {
    let low = 0, high = list.step.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list.step[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // What is seen at a moment; the same as Replay.frame in neurodeploy/replays/replay.py.
  const on = new Uint32Array(pixels), off = new Uint32Array(pixels);
  const onLight = new Float64Array(pixels), offLight = new Float64Array(pixels);
  function frame(time) {
    const steps = Math.min(Math.max(Math.floor(time / data.timestep + 1e-6), 0), data.steps);
    for (const plane of [on, off, onLight, offLight]) plane.fill(0);
    const seen = before(input, steps);
    for (let i = before(input, Math.max(steps - data.window, 0)); i < seen; i++) {
      const place = input.neuron[i] % pixels;
      const light = 1 - (steps - 1 - input.step[i]) / data.window;
      const positive = !data.polarity || input.neuron[i] >= pixels;
      (positive ? on : off)[place] += 1;
      (positive ? onLight : offLight)[place] += light;
    }
    const counts = new Array(data.classes).fill(0), fired = before(output, steps);
    for (let i = 0; i < fired; i++) counts[Math.floor(output.neuron[i] / data.votes)] += 1;
    let winner = null;
    if (fired && data.first) winner = Math.floor(output.neuron[0] / data.votes);
    else if (fired) counts.forEach((count, k) => { if (winner === null || count > counts[winner]) winner = k; });
    return { steps, on, off, onLight, offLight, counts, winner, seen, shown: before(layer, steps) };
  }

  // Drawing.
  let colors = {};
  function readColors() {
    const style = getComputedStyle(section);
    for (const name of ["on", "off", "win", "ink", "soft", "bar", "line", "ground"])
      colors[name] = style.getPropertyValue("--nd-" + name).trim();
  }
  function rgb(color) {
    const number = parseInt(color.slice(1), 16);
    return [number >> 16, (number >> 8) & 255, number & 255];
  }
  function fitted(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const high = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.scale(ratio, ratio);
    return context;
  }

  const eventsCanvas = get(".nd-events canvas"), rasterCanvas = get(".nd-raster canvas");
  const membraneCanvas = get(".nd-membrane canvas");
  const picture = document.createElement("canvas");
  picture.width = width;
  picture.height = height;
  eventsCanvas.style.setProperty("--nd-ratio", data.image ? width + "/" + height : "1");
  section.style.setProperty("--nd-raster", Math.min(22, Math.max(8, layer.neurons * 0.95 + 2)) + "rem");

  function drawImage(now) {
    const context = fitted(eventsCanvas), wide = eventsCanvas.clientWidth, high = eventsCanvas.clientHeight;
    const small = picture.getContext("2d"), image = small.createImageData(width, height);
    const red = rgb(colors.on), blue = rgb(colors.off);
    for (let i = 0; i < pixels; i++) {
      const light = Math.min(1, Math.max(onLight[i], offLight[i]));
      if (!light) continue;
      const color = onLight[i] >= offLight[i] ? red : blue;
      image.data.set([color[0], color[1], color[2], 255 * Math.sqrt(light)], 4 * i);
    }
    small.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    const scale = Math.min(wide / width, high / height);
    context.drawImage(picture, (wide - width * scale) / 2, (high - height * scale) / 2, width * scale, height * scale);
  }

  // Spikes as marks, time to the right.
  function drawMarks(canvas, list, shown, steps, left, bottom, color) {
    const context = fitted(canvas), wide = canvas.clientWidth - left - 8, high = canvas.clientHeight - bottom - 6;
    const across = wide / data.steps, row = high / list.neurons;
    const tall = Math.max(row * 0.7, 2), thick = Math.max(1.2, Math.min(across * 0.9, 3));
    axis(context, canvas, left, bottom, wide, high);
    for (let i = 0; i < shown; i++) {
      context.fillStyle = color(list.neuron[i]);
      context.fillRect(left + list.step[i] * across, 6 + list.neuron[i] * row + (row - tall) / 2, thick, tall);
    }
    context.fillStyle = colors.ink;
    context.fillRect(left + steps * across - 0.75, 4, 1.5, high + 4);
    return { context, row };
  }
  function axis(context, canvas, left, bottom, wide, high) {
    const end = data.steps * data.timestep, rough = end / Math.max(2, wide / 110);
    const power = Math.pow(10, Math.floor(Math.log10(rough)));
    const gap = power * [1, 2, 5, 10].find((n) => n * power >= rough);
    context.font = "11px system-ui,sans-serif";
    context.textAlign = "center";
    for (let k = 0; k * gap <= end * (1 + 1e-9); k++) {
      const x = left + (wide * k * gap) / end;
      context.fillStyle = colors.line;
      context.fillRect(x, 6, 1, high);
      context.fillStyle = colors.soft;
      const text = +(k * gap).toPrecision(6) + (k * gap + gap > end ? " ms" : "");
      if (bottom) context.fillText(text, Math.min(x, canvas.clientWidth - 22), canvas.clientHeight - 5);
    }
  }
  function drawRaster(now) {
    const few = layer.neurons <= 24, ofClasses = layer === output;
    const wins = (neuron) => ofClasses && Math.floor(neuron / data.votes) === now.winner;
    const plain = layer === input && data.polarity
      ? (neuron) => (neuron >= pixels ? colors.on : colors.off)
      : (neuron) => (wins(neuron) ? colors.win : colors.soft);
    const { context, row } = drawMarks(rasterCanvas, layer, now.shown, now.steps, 34, 20, plain);
    context.textAlign = "right";
    for (let k = 0; k < layer.neurons; k++) {
      if (!few && k !== 0 && k !== layer.neurons - 1) continue;
      context.fillStyle = wins(k) ? colors.win : colors.soft;
      context.fillText(String(k), 27, 6 + (k + 0.5) * row + 4);
    }
  }
  function drawMembrane(now) {
    const context = fitted(membraneCanvas), left = 34;
    const wide = membraneCanvas.clientWidth - left - 8, high = membraneCanvas.clientHeight - 26;
    const across = wide / data.steps;
    axis(context, membraneCanvas, left, 20, wide, high);
    const y = (value) => 6 + high * (1 - (value - lowest) / (highest - lowest || 1));
    if (data.membrane.threshold !== null) {
      context.strokeStyle = colors.on;
      context.setLineDash([5, 4]);
      context.beginPath();
      context.moveTo(left, y(data.membrane.threshold));
      context.lineTo(left + wide, y(data.membrane.threshold));
      context.stroke();
      context.setLineDash([]);
    }
    context.strokeStyle = colors.off;
    context.lineWidth = 1.4;
    context.lineJoin = "round";
    context.beginPath();
    for (let i = 0; i < now.steps; i++) context.lineTo(left + (i + 0.5) * across, y(v[i]));
    context.stroke();
    context.fillStyle = colors.ink;
    context.fillRect(left + now.steps * across - 0.75, 4, 1.5, high + 4);
    get(".nd-v").textContent = now.steps ? "v = " + v[now.steps - 1].toLocaleString("en") : "";
  }
  let lowest = 0, highest = 1;
  if (v) {
    lowest = v.reduce((a, b) => Math.min(a, b), 0);
    highest = v.reduce((a, b) => Math.max(a, b), data.membrane.threshold || 1);
    highest += 0.05 * (highest - lowest);
  }

  // Bars: a row of name, track and number for each class; of very many, those with most spikes.
  const last = frame(data.steps * data.timestep);
  const most = last.counts.reduce((a, b) => Math.max(a, b), 1);
  const barred = last.counts.map((count, k) => k).sort((a, b) => last.counts[b] - last.counts[a] || a - b);
  const rows = barred.slice(0, 24).sort((a, b) => a - b).map((k) => {
    const cells = ["nd-name", "nd-track", "nd-number"].map((name) => {
      const cell = document.createElement("div");
      cell.className = name;
      get(".nd-bars").append(cell);
      return cell;
    });
    cells[0].textContent = cells[0].title = data.names[k];
    cells[0].classList.toggle("nd-true", k === data.label);
    const bar = document.createElement("div");
    cells[1].append(bar);
    return { k, cells, bar };
  });
  if (barred.length > rows.length)
    get(".nd-left-out").textContent = rows.length + " classes with most spikes of " + barred.length.toLocaleString("en");

  function drawBars(now) {
    for (const { k, cells, bar } of rows) {
      bar.style.width = (100 * now.counts[k]) / most + "%";
      cells[2].textContent = now.counts[k].toLocaleString("en");
      for (const cell of cells) cell.classList.toggle("nd-wins", k === now.winner);
    }
  }

  // Time.
  const play = get(".nd-play"), slider = get(".nd-slider"), speed = get(".nd-speed");
  const end = data.steps * data.timestep;
  const digits = data.timestep < 1 ? Math.min(3, Math.ceil(-Math.log10(data.timestep))) : 0;
  let time = end, playing = false, stamp = null;

  function show() {
    const now = frame(time);
    if (data.image) drawImage(now);
    else {
      const color = () => colors.on;
      drawMarks(eventsCanvas, input, now.seen, now.steps, 8, 20, color);
    }
    drawRaster(now);
    if (v) drawMembrane(now);
    drawBars(now);
    const shown = now.steps * data.timestep;
    get(".nd-seen").textContent = now.seen.toLocaleString("en") + " events";
    get(".nd-fired").textContent = now.shown.toLocaleString("en") + " spikes";
    get(".nd-time").textContent = shown.toFixed(digits) + " / " + end.toFixed(digits) + " ms";
    slider.value = now.steps;
    slider.setAttribute("aria-valuetext", shown.toFixed(digits) + " milliseconds");
  }
  function seek(to) {
    time = Math.min(Math.max(to, 0), end);
    show();
  }
  function setPlaying(to) {
    playing = to;
    stamp = null;
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    if (!playing) return;
    if (time >= end) time = 0;
    requestAnimationFrame(advance);
  }
  function advance(now) {
    if (!playing) return;
    if (stamp !== null) time = Math.min(time + (now - stamp) * Number(speed.value), end);
    stamp = now;
    show();
    if (time >= end) setPlaying(false);
    else requestAnimationFrame(advance);
  }
  play.addEventListener("click", () => setPlaying(!playing));
  slider.addEventListener("input", () => {
    setPlaying(false);
    seek(Number(slider.value) * data.timestep);
  });
  const keys = {
    " ": () => setPlaying(!playing),
    ArrowLeft: (far) => seek(time - (far ? end / 10 : end / 100)),
    ArrowRight: (far) => seek(time + (far ? end / 10 : end / 100)),
    Home: () => seek(0),
    End: () => seek(end),
  };
  (section.hasAttribute("data-alone") ? document : section).addEventListener("keydown", (event) => {
    const own = event.target.closest && event.target.closest("select,button");
    if (!(event.key in keys) || event.ctrlKey || event.altKey || event.metaKey) return;
    if (own && (event.key === " " || own.matches("select"))) return;
    event.preventDefault();
    if (event.key !== " ") setPlaying(false);
    keys[event.key](event.shiftKey);
  });
  function redraw() {
    readColors();
    show();
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(section);
  section.replay = { frame, seek, play: () => setPlaying(true), pause: () => setPlaying(false) };
  setPlaying(false);
  redraw();
  if (section.hasAttribute("data-alone") && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    time = 0;
    setPlaying(true);
  }
})(document.currentScript.parentElement);
