"""MusicGen's decoder, one step at a time: preallocated cache, fused projections, base and tuned rows.

A clip's logits are the same bits alone, beside its tuned twin or in a batch of eight, and at any number
of threads, in each precision. What holds this together, beside `engine.linear`:

* Rows are decoded in blocks of ROWS (a block of four costs about as much as one row: its time goes into
  reading weights), or of as many as `steady` finds to give a row the same bits on this processor. FBGEMM's
  fp16 products, for one, do so among 28 and 36 rows, not among 32.
* Attention is torch.bmm, which takes each row and head for itself; scaled_dot_product_attention divides
  the work on one query by the number of threads.
* Only products are in fp16, bf16 or int8. What runs between them and the cache are float32 on the CPU; so
  are the heads beside bf16 and int8, whose rounding would be the logits' own.

Shapes: R rows of a block, D hidden, H heads of d = D / H, S text tokens, K codebooks, V codes in each.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.adapters import LowRank
from engine.job import Product
from engine.linear import MOST_ROWS, ROWS, Linear, Projection, SmallChange, Tuning, costs, steady, tune

PREFILL_FRAMES = 64  # columns read at once where many are known

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}


@dataclass(frozen=True)
class DecoderSpec:
    """The shape of a decoder. With `cross_attention` the text is attended to; without, it comes first."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    codebooks: int
    card: int
    channels: int
    max_positions: int
    activation: str
    cross_attention: bool

    @property
    def pad(self) -> int:
        """The token that stands where there is no code; it has an embedding but no logit."""
        return self.card


def tensor_shapes(spec: DecoderSpec) -> dict[str, tuple[int, ...]]:
    """The tensors a decoder is made of, named as in transformers' MusicgenForCausalLM."""
    D, base = spec.hidden, "model.decoder"
    shapes: dict[str, tuple[int, ...]] = {f"{base}.layer_norm.{part}": (D,) for part in ("weight", "bias")}
    for k in range(spec.codebooks):
        shapes[f"{base}.embed_tokens.{k}.weight"] = (spec.card + 1, D)
        shapes[f"lm_heads.{k}.weight"] = (spec.card, D)
    attentions = ("self_attn", "encoder_attn") if spec.cross_attention else ("self_attn",)
    for layer in (f"{base}.layers.{i}" for i in range(spec.layers)):
        for attention in attentions:
            shapes |= {f"{layer}.{attention}.{p}_proj.weight": (D, D) for p in ("q", "k", "v", "out")}
        for norm in (*(f"{a}_layer_norm" for a in attentions), "final_layer_norm"):
            shapes |= {f"{layer}.{norm}.{part}": (D,) for part in ("weight", "bias")}
        shapes[f"{layer}.fc1.weight"] = (spec.ffn, D)
        shapes[f"{layer}.fc2.weight"] = (D, spec.ffn)
    return shapes


@dataclass(frozen=True)
class Condition:
    """What a clip is made from.

    With cross-attention, `states` is the text, [S, D] of all clips or one of each, as long as it is; the null
    row of classifier-free guidance sees zeros, for which its cross-attention is exactly zero. Without it,
    `states`, all of one length, and `null` [S, D] come before the first token of a row and of its null row.
    """

    states: Tensor | Sequence[Tensor]
    null: Tensor | None = None

    def of(self, clips: slice) -> "Condition":
        """The condition of some of the clips."""
        one = isinstance(self.states, Tensor)
        return self if one else Condition(self.states[clips], self.null)

    def each(self, clips: int) -> list[Tensor]:
        """The states of each of so many clips."""
        return [self.states] * clips if isinstance(self.states, Tensor) else list(self.states)


@dataclass(frozen=True)
class Text:
    """The keys and values [heads, S, d] of clips side by side whose texts have S tokens; `heads` of R * H."""

    heads: slice
    keys: Tensor
    values: Tensor


class Block:
    """Rows that are decoded together, a multiple of ROWS: their cache and what they attend to.

    A guided clip takes two rows, the second being its null row; others take one. The rows that no clip
    takes have no cache. `capacity` columns are all that is kept, however long the clip is.
    """

    def __init__(
        self, tunings: Sequence[Tuning | None], guided: bool, capacity: int, decoder: "Decoder"
    ) -> None:
        spec, like = decoder.spec, decoder.like
        per = rows_per_clip(guided)
        self.live = len(tunings) * per
        self.rows = math.ceil(self.live / ROWS) * ROWS
        shape = (self.live * spec.heads, capacity, spec.hidden // spec.heads)
        self.keys = [like.new_zeros(shape) for _ in range(spec.layers)]
        self.values = [like.new_zeros(shape) for _ in range(spec.layers)]
        self.cross: list[list[Text]] = []  # for each layer
        self.positions = _positions(capacity, spec.hidden).to(like)
        self.tuned = _spans(tunings, per)
        self.length = 0


def _spans(tunings: Sequence[Tuning | None], per: int) -> list[tuple[slice, slice, Tuning]]:
    """For each run of clips of one tuning: its rows, the whole fours of rows around them, and the tuning.

    Two guided clips of tuning t, then one of u, give (0:4, 0:4, t), (4:6, 4:8, u).
    """
    spans = []
    first = 0
    for _, run in groupby(tunings, key=id):
        last = first + len(list(run))
        if (tuning := tunings[first]) is not None:
            rows = slice(first * per, last * per)
            fours = slice(rows.start // ROWS * ROWS, math.ceil(rows.stop / ROWS) * ROWS)
            spans.append((rows, fours, tuning))
        first = last
    return spans


def rows_per_clip(guided: bool) -> int:
    """The rows a clip takes."""
    return 2 if guided else 1


class _Norm:
    def __init__(self, weights: Mapping[str, Tensor], name: str) -> None:
        self._weight, self._bias = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self._weight.shape, self._weight, self._bias)


class _Layer:
    def __init__(
        self, weights: Mapping[str, Tensor], name: str, cross_attention: bool, product: Product
    ) -> None:
        def projection(*modules: str) -> Projection:
            named = (f"{name}.{part}" for part in modules)
            return Projection({module: weights[f"{module}.weight"] for module in named}, product)

        self.self_norm = _Norm(weights, f"{name}.self_attn_layer_norm")
        self.self_in = projection(*(f"self_attn.{part}_proj" for part in "qkv"))
        self.self_out = projection("self_attn.out_proj")
        self.ffn_norm = _Norm(weights, f"{name}.final_layer_norm")
        self.ffn_in = projection("fc1")
        self.ffn_out = projection("fc2")
        self.projections = [self.self_in, self.self_out, self.ffn_in, self.ffn_out]
        if cross_attention:
            self.cross_norm = _Norm(weights, f"{name}.encoder_attn_layer_norm")
            self.cross_query = projection("encoder_attn.q_proj")
            self.cross_text = projection(*(f"encoder_attn.{part}_proj" for part in "kv"))
            self.cross_out = projection("encoder_attn.out_proj")
            self.projections += [self.cross_query, self.cross_text, self.cross_out]


class Decoder:
    """A decoder's weights, packed for decoding. Nothing in it changes after it is made."""

    def __init__(self, spec: DecoderSpec, weights: Mapping[str, Tensor], product: Product = "fp32") -> None:
        """`weights` as `tensor_shapes` lists them, read one after another; they decide device and dtype.

        The layers' weights are packed as `product`, the heads' finer (see above). `weights` is kept, to merge
        changes into.
        """
        base = "model.decoder"
        self.spec = spec
        self.product = product
        self._weights = weights
        self._tables = [weights[f"{base}.embed_tokens.{k}.weight"] for k in range(spec.codebooks)]
        self._layers = [
            _Layer(weights, f"{base}.layers.{i}", spec.cross_attention, product) for i in range(spec.layers)
        ]
        self._norm = _Norm(weights, f"{base}.layer_norm")
        heads = (f"lm_heads.{k}" for k in range(spec.codebooks))
        coarse = product in ("bf16", "int8") and self.like.dtype == torch.float32
        self._heads = Projection(
            {head: weights[f"{head}.weight"] for head in heads}, "fp32" if coarse else product
        )
        self._projections = [p for layer in self._layers for p in layer.projections] + [self._heads]
        self._activation = ACTIVATIONS[spec.activation]

    @property
    def like(self) -> Tensor:
        """A tensor of the decoder's device and dtype."""
        return self._tables[0]

    @property
    def linear_shapes(self) -> dict[str, tuple[int, ...]]:
        """The modules that adapters may change, with the shapes of their weights [out, in]."""
        return {module: shape for p in self._projections for module, shape in p.shapes.items()}

    @property
    def like_weights(self) -> dict[str, Tensor]:
        """`linear_shapes` as weights without values, for `engine.adapters.read_adapter` to check against."""
        shapes = self.linear_shapes.items()
        return {f"{module}.weight": torch.empty(shape, device="meta") for module, shape in shapes}

    @property
    def products(self) -> list[Linear]:
        """What a step multiplies with, in order; cross-attention reads the text once, before the first."""
        once = {layer.cross_text.name for layer in self._layers} if self.spec.cross_attention else set()
        return [p.linear for p in self._projections if p.name not in once]

    @property
    def bytes(self) -> int:
        """What a step reads of the weights that are multiplied with."""
        return sum(linear.bytes for linear in self.products)

    def tune(self, changes: Mapping[str, LowRank], merged: bool | None = None) -> Tuning:
        """The changes of a mix (see `engine.merge.combine`), ready for decoding (see `linear.tune`)."""
        return tune(self._projections, changes, self._weights, merged)

    def costs(self, changes: Mapping[str, LowRank]) -> tuple[int, int]:
        """What a step pays for the changes, added while decoding or merged: see `linear.costs`."""
        return costs(self._projections, changes)

    def block_sizes(self, tunings: Sequence[Tuning | None], guided: bool) -> list[int]:
        """How many rows a block may have for clips of these tunings, from the most to ROWS (see above)."""
        rows = len(tunings) * rows_per_clip(guided)
        if rows <= ROWS or self.like.device.type != "cpu":
            return [ROWS]
        used: list[Linear] = [p.linear for p in self._projections]
        used += [linear for tuning in tunings if tuning for linear in tuning.linears]
        return steady(used, min(MOST_ROWS, math.ceil(rows / ROWS) * ROWS))

    def start(
        self, tunings: Sequence[Tuning | None], guided: bool, condition: Condition, columns: int
    ) -> tuple[Block, Tensor | None]:
        """A block for clips of up to `columns` columns, one for each of `tunings` (None is the base).

        The text's keys and values are worked out here, once. Also gives what must be read before the
        first column, [R, S, D], or None if nothing must: see `prefill`.
        """
        per = rows_per_clip(guided)
        states, null = condition.each(len(tunings)), condition.null
        if self.spec.cross_attention:
            block = Block(tunings, guided, columns, self)
            block.cross = [self._texts(layer, tunings, per, states) for layer in self._layers]
            return block, None
        assert null is not None
        block = Block(tunings, guided, len(null) + columns, self)
        clips = torch.stack(states)
        prefix = null.new_zeros(block.rows, *null.shape)
        prefix[: block.live] = torch.stack([clips, null.expand_as(clips)][:per], dim=1).flatten(0, 1)
        return block, prefix

    def embed(self, tokens: Tensor) -> Tensor:
        """Tokens [R, K, t] -> the sum of their embeddings [R, t, D]."""
        total = self._tables[0][tokens[:, 0]]
        for k in range(1, self.spec.codebooks):
            total = total + self._tables[k][tokens[:, k]]
        return total

    def prefill(self, block: Block, embedded: Tensor) -> Iterator[None]:
        """Read what is known, [R, t, D], in pieces; yields after each, so that work can be stopped.

        Rows that no clip takes are left out where whole fours remain without them: here each row costs.
        """
        for piece in torch.split(embedded, PREFILL_FRAMES, dim=1):
            whole = block.live * piece.shape[1] % ROWS == 0
            self._forward(block, piece[: block.live] if whole else piece)
            yield

    def step(self, block: Block, tokens: Tensor) -> Tensor:
        """Read one column of tokens [R, K] and predict the next: logits [R, K, V]."""
        hidden = self._norm(self._forward(block, self.embed(tokens[..., None])))[:, 0]
        logits = self._project(self._heads, block, hidden[:, None])[:, 0]
        return logits.view(block.rows, self.spec.codebooks, self.spec.card).float()

    def _forward(self, block: Block, x: Tensor) -> Tensor:
        """Add columns [R or live, t, D] to the block and run the layers over them."""
        start = block.length
        block.length += x.shape[1]
        x = x + block.positions[start : block.length]
        for i, layer in enumerate(self._layers):
            fused = self._project(layer.self_in, block, layer.self_norm(x))[: block.live]
            query, key, value = (self._split(part) for part in fused.chunk(3, dim=-1))
            keys, values = block.keys[i], block.values[i]
            keys[:, start : block.length] = key
            values[:, start : block.length] = value
            mixed = _attend(query, keys[:, : block.length], values[:, : block.length], causal=True)
            x = x + self._project(layer.self_out, block, self._join(mixed, len(x)))
            if block.cross:
                asked = self._project(layer.cross_query, block, layer.cross_norm(x))[: block.live]
                mixed = _attend_texts(self._split(asked), block.cross[i])
                x = x + self._project(layer.cross_out, block, self._join(mixed, len(x)))
            hidden = self._activation(self._project(layer.ffn_in, block, layer.ffn_norm(x)))
            x = x + self._project(layer.ffn_out, block, hidden)
        return x

    def _texts(
        self, layer: _Layer, tunings: Sequence[Tuning | None], per: int, states: Sequence[Tensor]
    ) -> list[Text]:
        """The texts [S, D] of clips of `per` rows, neighbours of one length as one; zeros in null rows."""
        linear = layer.cross_text.linear
        plain = {id(text): linear(text) for text in {id(text): text for text in states}.values()}
        found: list[Text] = []
        first = 0
        for S, run in groupby(zip(tunings, states, strict=True), key=lambda clip: len(clip[1])):
            clips = list(run)
            made = states[0].new_zeros(len(clips), per, S, linear.shape[0])
            for row, (tuning, text) in zip(made, clips, strict=True):
                part = tuning.parts.get(layer.cross_text.name) if tuning else None
                if isinstance(part, Linear):
                    row[0] = part(text)
                else:
                    row[0] = plain[id(text)] + part(text) if part else plain[id(text)]
            keys, values = (self._split(half) for half in made.flatten(0, 1).chunk(2, dim=-1))
            found.append(Text(slice(first, first + len(keys)), keys, values))
            first += len(keys)
        return found

    def _project(self, projection: Projection, block: Block, x: Tensor) -> Tensor:
        """[R, t, in] -> [R, t, out], with the changes of the rows that are tuned."""
        y = projection.linear(x.flatten(0, 1)).view(*x.shape[:2], -1)
        for rows, fours, tuning in block.tuned:
            part = tuning.parts.get(projection.name)
            if isinstance(part, SmallChange):
                part.add(y[rows].flatten(0, 1), x[rows].flatten(0, 1))
            elif part:
                made = part(x[fours].flatten(0, 1)).view(-1, *y.shape[1:])
                made = made[rows.start - fours.start : rows.stop - fours.start]
                if isinstance(part, Linear):
                    y[rows] = made
                else:
                    y[rows].add_(made)
        return y

    def _split(self, x: Tensor) -> Tensor:
        """[R, t, D] -> [R * H, t, d]."""
        R, t, D = x.shape
        H = self.spec.heads
        return x.reshape(R, t, H, D // H).transpose(1, 2).reshape(R * H, t, D // H)

    def _join(self, x: Tensor, rows: int) -> Tensor:
        """[live * H, t, d] -> [rows, t, D]; zeros in the rows that no clip takes."""
        _, t, d = x.shape
        H = self.spec.heads
        joined = x.view(-1, H, t, d).transpose(1, 2).reshape(-1, t, H * d)
        return F.pad(joined, (0, 0, 0, 0, 0, rows - len(joined))) if len(joined) < rows else joined


def _attend_texts(query: Tensor, texts: Sequence[Text]) -> Tensor:
    """Attention of [R * H, t, d] over the text of each row."""
    return torch.cat([_attend(query[text.heads], text.keys, text.values, causal=False) for text in texts])


def _attend(query: Tensor, keys: Tensor, values: Tensor, causal: bool) -> Tensor:
    """Attention of [R * H, t, d] over [R * H, n, d]; if causal, query i sees the first n - t + i + 1."""
    t, n = query.shape[1], keys.shape[1]
    query = query * query.shape[-1] ** -0.5
    if t == 1:  # read along its rows, the cache comes a fifth faster
        scores = torch.bmm(keys, query.transpose(1, 2)).transpose(1, 2)
    else:
        scores = torch.bmm(query, keys.transpose(1, 2))
    if causal and t > 1:
        future = torch.ones(t, n, dtype=torch.bool, device=query.device).triu(n - t + 1)
        scores.masked_fill_(future, -math.inf)
    return torch.bmm(scores.softmax(-1), values)


def _positions(length: int, hidden: int) -> Tensor:
    """MusicGen's sinusoidal positions [length, D]: cosines, then sines, of float32 angles."""
    half = hidden // 2
    rates = torch.exp(torch.arange(half).float() * -(math.log(10000) / (half - 1)))
    angles = (torch.arange(length).float()[:, None] * rates).double()
    return F.pad(torch.cat([angles.cos(), angles.sin()], dim=1).float(), (0, hidden % 2))
