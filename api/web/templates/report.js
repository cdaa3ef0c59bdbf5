"use strict";
// The winner, run in the page. Images lie as (height, channels, width), numbers from 0 to 1.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);

const activations = {
  relu: (x) => (x > 0 ? x : 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

function convolution(layer, x) {
  const { channels, height, width, filters, kernel, stride, padding, rows, columns } = layer;
  const out = new Float64Array(rows * filters * columns);
  const length = kernel * kernel * channels;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let f = 0; f < filters; f++) {
        let sum = layer.bias[f];
        for (let u = 0; u < kernel; u++) {
          const row = i * stride + u - padding;
          if (row < 0 || row >= height) continue;
          for (let v = 0; v < kernel; v++) {
            const column = j * stride + v - padding;
            if (column < 0 || column >= width) continue;
            const weights = f * length + (u * kernel + v) * channels;
            for (let c = 0; c < channels; c++) {
              sum += layer.weight[weights + c] * x[(row * channels + c) * width + column];
            }
          }
        }
        out[(i * filters + f) * columns + j] = sum;
      }
    }
  }
  return out;
}

function pooling(layer, x, start, join, finish) {
  const { channels, height, width, window: size, stride, padding, rows, columns } = layer;
  const out = new Float64Array(rows * channels * columns);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < channels; c++) {
      for (let j = 0; j < columns; j++) {
        let value = start;
        for (let u = 0; u < size; u++) {
          const row = i * stride + u - padding;
          if (row < 0 || row >= height) continue;
          for (let v = 0; v < size; v++) {
            const column = j * stride + v - padding;
            if (column < 0 || column >= width) continue;
            value = join(value, x[(row * channels + c) * width + column]);
          }
        }
        out[(i * channels + c) * columns + j] = finish(value, size);
      }
    }
  }
  return out;
}

function affine(layer, x) {
  const out = new Float64Array(layer.units);
  for (let i = 0; i < layer.units; i++) {
    let sum = layer.bias[i];
    for (let j = 0; j < layer.inputs; j++) sum += layer.weight[i * layer.inputs + j] * x[j];
    out[i] = sum;
  }
  return out;
}

const steps = {
  convolution,
  affine,
  max_pooling: (layer, x) => pooling(layer, x, -Infinity, Math.max, (value) => value),
  average_pooling: (layer, x) =>
    pooling(layer, x, 0, (sum, value) => sum + value, (sum, size) => sum / size ** 2),
  batch_norm: (layer, x) =>
    x.map((value, place) => {
      const channel = Math.floor(place / layer.width) % layer.channels;
      return value * layer.factor[channel] + layer.offset[channel];
    }),
};

function prepared(network) {
  for (const layer of network.layers) {
    for (const name of ["weight", "bias", "factor", "offset"]) {
      if (layer[name]) layer[name] = floats(layer[name]);
    }
  }
  return network;
}

function probabilities(network, image) {
  let x = Float64Array.from(image);
  for (const layer of network.layers) {
    x = steps[layer.kind] ? steps[layer.kind](layer, x) : x.map(activations[layer.kind]);
  }
  const highest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = x.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

// From (channels, height, width), as data sets have them.
function unpacked(text, shape, isFloat) {
  const numbers = isFloat ? floats(text) : bytes(text);
  const { channels, height, width } = shape;
  const size = channels * height * width;
  const images = [];
  for (let start = 0; start < numbers.length; start += size) {
    const image = new Float32Array(size);
    for (let c = 0; c < channels; c++) {
      for (let h = 0; h < height; h++) {
        for (let w = 0; w < width; w++) {
          const value = numbers[start + (c * height + h) * width + w];
          image[(h * channels + c) * width + w] = isFloat ? value : value / 255;
        }
      }
    }
    images.push(image);
  }
  return images;
}

function paint(canvas, image, shape) {
  const { channels, height, width } = shape;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      for (let k = 0; k < 3; k++) {
        const value = image[(h * channels + Math.min(k, channels - 1)) * width + w];
        pixels.data[(h * width + w) * 4 + k] = Math.round(255 * value);
      }
      pixels.data[(h * width + w) * 4 + 3] = 255;
    }
  }
  context.putImageData(pixels, 0, 0);
}

// A picture of any size, as the network takes it: fitted into its square, grey if that is what it knows.
function taken(source, sourceWidth, sourceHeight, shape) {
  const { channels, height, width } = shape;
  const small = document.createElement("canvas");
  small.width = width;
  small.height = height;
  const context = small.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const scale = Math.min(width / sourceWidth, height / sourceHeight);
  const [w, h] = [sourceWidth * scale, sourceHeight * scale];
  context.drawImage(source, (width - w) / 2, (height - h) / 2, w, h);
  const { data } = context.getImageData(0, 0, width, height);
  const image = new Float32Array(channels * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.slice((y * width + x) * 4, (y * width + x) * 4 + 3);
      const grey = 0.299 * r + 0.587 * g + 0.114 * b;
      for (let c = 0; c < channels; c++) {
        image[(y * channels + c) * width + x] = (channels === 1 ? grey : [r, g, b][Math.min(c, 2)]) / 255;
      }
    }
  }
  return image;
}

function begin() {
  const network = prepared(read("network"));
  const shown = read("examples");
  const view = document.getElementById("taken");
  const answers = document.getElementById("answers");

  function answer(image, words) {
    paint(view, image, network);
    const found = [...probabilities(network, image)];
    const order = found.map((value, label) => [value, label]).sort((a, b) => b[0] - a[0]);
    answers.replaceChildren(
      ...order.slice(0, 5).map(([value, label]) => {
        const row = document.createElement("li");
        const meter = document.createElement("meter");
        meter.value = value;
        meter.setAttribute("aria-label", `probability of ${network.names[label]}`);
        row.append(`${network.names[label]} `, meter, ` ${(100 * value).toFixed(1)} %`);
        return row;
      }),
    );
    document.getElementById("said").textContent = words;
  }

  const images = shown.images ? unpacked(shown.images, network, shown.isFloat) : [];
  const list = document.getElementById("examples-list");
  let agreed = 0;
  let difference = 0;
  images.forEach((image, place) => {
    const own = probabilities(network, image);
    const theirs = shown.probabilities[place];
    own.forEach((value, label) => (difference = Math.max(difference, Math.abs(value - theirs[label]))));
    const best = own.indexOf(own.reduce((a, b) => Math.max(a, b)));
    agreed += best === theirs.indexOf(Math.max(...theirs));
    const right = best === shown.labels[place];
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    paint(canvas, image, network);
    const words = `${network.names[shown.labels[place]]}, taken for ${network.names[best]}`;
    button.type = "button";
    button.className = right ? "example" : "example wrong";
    button.setAttribute("aria-label", words);
    button.title = words;
    button.append(canvas);
    button.addEventListener("click", () => answer(image, words));
    list.append(button);
  });
  const agreement = document.getElementById("agreement");
  agreement.dataset.agreed = agreed;
  agreement.dataset.images = images.length;
  agreement.dataset.difference = difference;
  if (images.length) {
    agreement.textContent =
      `This page and the server name the same class for ${agreed} of ${images.length} images; ` +
      `their probabilities differ by ${difference.toExponential(1)} at most.`;
    answer(images[0], list.firstChild.title);
  }
  drawing(network, answer);
}

// A drawing in the middle of its square with a margin of a seventh, as digits lie in MNIST.
function framed(pad) {
  const { data, width, height } = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height);
  const [xs, ys] = [[], []];
  for (let place = 0; place < width * height; place++) {
    if (data[place * 4] > 127) {
      xs.push(place % width);
      ys.push(Math.floor(place / width));
    }
  }
  if (!xs.length) return pad;
  const [left, right] = [xs, xs].map((each, end) => each.reduce((a, b) => (end ? Math.max(a, b) : Math.min(a, b))));
  const [top, bottom] = [ys[0], ys[ys.length - 1]];
  const [w, h] = [right - left + 1, bottom - top + 1];
  const square = document.createElement("canvas");
  square.width = square.height = Math.ceil(Math.max(w, h) * 1.4);
  const context = square.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, square.width, square.height);
  context.drawImage(pad, left, top, w, h, (square.width - w) / 2, (square.height - h) / 2, w, h);
  return square;
}

function drawing(network, answer) {
  const pad = document.getElementById("pad");
  const context = pad.getContext("2d", { willReadFrequently: true });
  const clear = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
  };
  const look = () => {
    const found = framed(pad);
    answer(taken(found, found.width, found.height, network), "What you drew");
  };
  let last = null;
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * pad.width) / box.width,
      ((event.clientY - box.top) * pad.height) / box.height,
    ];
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = place(event);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = place(event);
    context.strokeStyle = "#fff";
    context.lineWidth = pad.width / 12;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...now);
    context.stroke();
    last = now;
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    pad.addEventListener(kind, () => {
      if (last) look();
      last = null;
    });
  }
  document.getElementById("clear").addEventListener("click", clear);
  const drop = document.getElementById("drop");
  const open = (file) => {
    const image = new Image();
    const address = URL.createObjectURL(file);
    image.onload = () => {
      answer(taken(image, image.naturalWidth, image.naturalHeight, network), file.name);
      URL.revokeObjectURL(address);
    };
    image.onerror = () => {
      document.getElementById("said").textContent = `${file.name} is not an image that this browser reads.`;
    };
    image.src = address;
  };
  document.getElementById("file").addEventListener("change", (event) => {
    if (event.target.files[0]) open(event.target.files[0]);
  });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
  clear();
}

if (document.getElementById("network")) begin();
