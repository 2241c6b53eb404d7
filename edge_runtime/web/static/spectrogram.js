// The last two minutes as a picture: log-mel columns, the genre of each moment, a time axis.

const SECONDS = 120;
const FLOOR_DB = -60;
const CEILING_DB = 40;
const SHOWN_DB = 62; // below the loudest; what is softer is background
const STRIP = 22;
const AXIS = 20;
const GAP = 6;

const MAPS = {
  dark: ["#14181e", "#182a4d", "#1c5b8c", "#2aa198", "#dccb6e", "#fff8dc"],
  light: ["#efede7", "#cfdde4", "#86b0c6", "#3b7aa6", "#1c3f74", "#0c1733"],
};

export class Picture {
  // `onSeconds` gets how many seconds fit, at first and when that changes.
  constructor(canvas, onSeconds) {
    this.canvas = canvas;
    this.onSeconds = onSeconds;
    this.context = canvas.getContext("2d");
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.dark.addEventListener("change", () => this.repaint());
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.reset({}, 22050, String);
  }

  // Another stream: everything begins anew.
  reset(colours, rate, shownName) {
    this.colours = colours;
    this.shownName = shownName;
    this.top = mel(rate / 2);
    this.columns = null;
    this.runs = [];
    this.edge = this.target = 0; // the stream's time at the right edge, seconds
    this.arrived = 0;
    this.pace = 800;
    this.loudest = -10;
    this.draw();
  }

  // Columns of sound, a byte per band.
  add({ first, per_second: perSecond, bands, data }) {
    if (!this.columns || this.columns.bands !== bands || first < this.columns.end - bands * 1000) {
      const width = Math.ceil((SECONDS + 6) * perSecond);
      const image = document.createElement("canvas");
      image.width = width;
      image.height = bands;
      this.columns = { bands, perSecond, width, image, bytes: new Uint8Array(width * bands), begin: first, end: first };
    }
    const columns = this.columns;
    if (first > columns.end || first < columns.begin) {
      columns.bytes.fill(0);
      columns.begin = columns.end = first;
    }
    const text = atob(data);
    const count = Math.floor(text.length / bands);
    for (let column = 0; column < count; column++) {
      const place = ((first + column) % columns.width) * bands;
      for (let band = 0; band < bands; band++) columns.bytes[place + band] = text.charCodeAt(column * bands + band);
    }
    columns.end = Math.max(columns.end, first + count);
    columns.begin = Math.max(columns.begin, columns.end - columns.width);
    this.repaint();
  }

  // Which label stood when: [begin, end, label]; newer runs replace what they cover.
  addRuns(runs, end) {
    if (runs.length) {
      const from = runs[0][0];
      this.runs = this.runs.filter((run) => run[0] < from - 1e-6).map(([a, b, label]) => [a, Math.min(b, from), label]);
      this.runs.push(...runs);
      this.runs = this.runs.filter((run) => run[1] > end - SECONDS - 10);
    }
    const now = performance.now();
    if (this.arrived) this.pace += 0.3 * (Math.min(2000, now - this.arrived) - this.pace);
    this.arrived = now;
    const jump = this.still.matches || document.hidden || Math.abs(end - this.edge) > 10;
    this.from = jump ? end : this.edge;
    this.target = end;
    if (jump) this.edge = end;
    this.draw();
    if (!this.moving) this.move();
  }

  // The edge glides to the newest sound while the next is awaited.
  move() {
    this.moving = false;
    if (this.edge >= this.target) return;
    const share = Math.min(1, (performance.now() - this.arrived) / Math.max(100, this.pace));
    this.edge = this.from + share * (this.target - this.from);
    this.draw();
    this.moving = true;
    requestAnimationFrame(() => this.move());
  }

  // Bytes to colours, for the whole picture.
  repaint() {
    const columns = this.columns;
    if (!columns) return;
    const { bands, width, bytes, begin, end } = columns;
    const counts = new Uint32Array(256);
    for (let column = begin; column < end; column++) {
      const place = (column % width) * bands;
      for (let band = 0; band < bands; band++) counts[bytes[place + band]]++;
    }
    let left = 0.004 * (end - begin) * bands;
    let byte = 255;
    while (byte > 0 && (left -= counts[byte]) > 0) byte--;
    this.loudest = Math.max(-15, decibels(byte));
    const map = colourMap(MAPS[this.dark.matches ? "dark" : "light"]);
    const context = columns.image.getContext("2d");
    const image = context.createImageData(width, bands);
    const pixels = new Uint32Array(image.data.buffer);
    for (let x = 0; x < width; x++) {
      const column = end - width + x;
      const known = column >= begin;
      const place = (column % width) * bands;
      for (let band = 0; band < bands; band++) {
        const share = known ? 1 + (decibels(bytes[place + band]) - this.loudest) / SHOWN_DB : 0;
        pixels[(bands - 1 - band) * width + x] = map[Math.round(255 * Math.max(0, Math.min(1, share)))];
      }
    }
    context.putImageData(image, 0, 0);
    this.draw();
  }

  get empty() {
    return !this.columns && !this.runs.length;
  }

  draw() {
    const { canvas, context } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const seconds = width < 560 ? SECONDS / 2 : SECONDS;
    if (seconds !== this.seconds) this.onSeconds((this.seconds = seconds));
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const view = { width, sound: height - STRIP - AXIS - GAP, seconds, colour, font: style.fontFamily };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.drawSound(view);
    this.drawStrip(view);
    this.drawAxis(view, height);
  }

  drawSound({ width, sound, seconds, font }) {
    const { context, columns } = this;
    context.save();
    context.beginPath();
    context.roundRect(0, 0, width, sound, 10);
    context.clip();
    context.fillStyle = MAPS[this.dark.matches ? "dark" : "light"][0];
    context.fillRect(0, 0, width, sound);
    if (columns) {
      context.imageSmoothingQuality = "high";
      const shown = seconds * columns.perSecond;
      const last = this.edge * columns.perSecond;
      const x = last - shown - (columns.end - columns.width);
      context.drawImage(columns.image, x, 0, shown, columns.bands, 0, 0, width, sound);
      context.font = `11px ${font}`;
      context.textBaseline = "middle";
      for (const [hertz, name] of [[200, "200 Hz"], [1000, "1 kHz"], [4000, "4 kHz"]]) {
        const y = sound * (1 - mel(hertz) / this.top);
        if (y < 10 || y > sound - 8) continue;
        context.fillStyle = this.dark.matches ? "rgb(16 19 23 / 66%)" : "rgb(255 255 255 / 72%)";
        context.beginPath();
        context.roundRect(6, y - 8, context.measureText(name).width + 10, 16, 4);
        context.fill();
        context.fillStyle = this.dark.matches ? "#d6dae0" : "#33393f";
        context.fillText(name, 11, y + 0.5);
      }
    }
    context.restore();
  }

  drawStrip({ width, sound, seconds, colour, font }) {
    const { context } = this;
    const top = sound + GAP;
    context.save();
    context.beginPath();
    context.roundRect(0, top, width, STRIP, 6);
    context.clip();
    context.fillStyle = colour("--track");
    context.fillRect(0, top, width, STRIP);
    context.textBaseline = "middle";
    context.font = `600 12px ${font}`;
    const x = (time) => width * (1 - (this.edge - time) / seconds);
    for (const [begin, end, label] of this.runs) {
      const left = Math.max(0, x(begin));
      const right = Math.min(width, x(end));
      if (right <= 0 || left >= width) continue;
      const own = this.colours[label];
      if (own) {
        context.fillStyle = own;
        context.fillRect(left, top, right - left + 0.5, STRIP);
      }
      const name = this.shownName(label);
      if (right - left > context.measureText(name).width + 14) {
        context.fillStyle = own ? inkOn(own) : colour("--soft");
        context.fillText(name, left + 7, top + STRIP / 2 + 0.5);
      }
      if (left > 0) {
        context.fillStyle = colour("--paper");
        context.fillRect(left - 0.75, top, 1.5, STRIP);
      }
    }
    context.restore();
  }

  drawAxis({ width, seconds, colour, font }, height) {
    const { context } = this;
    context.font = `12px ${font}`;
    context.fillStyle = colour("--soft");
    context.textBaseline = "alphabetic";
    const step = seconds / (width < 500 ? 2 : 4);
    for (let ago = seconds; ago >= 0; ago -= step) {
      const x = width * (1 - ago / seconds);
      context.textAlign = ago === seconds ? "left" : ago ? "center" : "right";
      context.fillText(ago ? `${ago} s ago` : "now", x, height - 3);
    }
    context.textAlign = "left";
  }
}

function decibels(byte) {
  return FLOOR_DB + (byte * (CEILING_DB - FLOOR_DB)) / 255;
}

// Slaney's mel scale, as the columns have it.
function mel(hertz) {
  return hertz < 1000 ? (hertz * 3) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
}

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function colourMap(stops) {
  const map = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(place));
    const a = channels(stops[low]);
    const b = channels(stops[low + 1]);
    const [red, green, blue] = a.map((value, k) => Math.round(value + (place - low) * (b[k] - value)));
    map[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return map;
}

// Black or white, whichever can be read better on a colour.
export function inkOn(hex) {
  const [r, g, b] = channels(hex).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#111" : "#fff";
}
