"""What a SavedModel holds, as plain data: read from disk, rendered, compared.

Dtypes are TensorFlow's names, shapes are tuples in which None is an unknown dimension (a shape of
None: unknown rank), sizes are bytes. Everything is in a fixed order. Texts are as they stand in
the model, escape codes and all: a renderer makes them printable.
"""

from __future__ import annotations

from tfexport.records import dataclass
from tfexport.spec import Shape, TensorSpec

MAX_ELEMENTS = 2**63 - 1  # what TensorFlow can count: tensorflow/core/framework/tensor_shape.h


def count_elements(shape: Shape | None) -> int | None:
    """How many elements a shape has; None where that is unknown or more than TensorFlow counts."""
    if shape is None or None in shape:
        return None
    count = 1
    for size in shape:
        count *= size or 0
        if count > MAX_ELEMENTS:
            return None
    return count


@dataclass(frozen=True)
class Default:
    """The value that an input of a signature has when it is not given.

    ``value`` is the beginning of it, as text.
    """

    dtype: str
    shape: Shape | None
    value: str


@dataclass(frozen=True)
class SignatureTensor:
    """One input or output of a signature.

    ``encoding`` is ``dense``, ``sparse`` (COO: values, indices, dense_shape), ``composite`` (a
    ragged tensor, say, of which ``type_spec`` is the type) or ``none``. Only a dense one has a
    ``tensor_name``; the others have the dense ``components`` that they are fed as.

    ``graph_dtype`` and ``graph_shape`` are what the graph's own placeholder says, set only where
    it contradicts the signature: then the graph is right.
    """

    name: str
    dtype: str
    shape: Shape | None
    encoding: str = "dense"
    tensor_name: str | None = None
    type_spec: str | None = None
    components: tuple[SignatureTensor, ...] = ()
    graph_dtype: str | None = None
    graph_shape: Shape | None = None
    default: Default | None = None

    @property
    def spec(self) -> TensorSpec:
        """Name, dtype and shape as the signature has them."""
        return TensorSpec(self.name, self.dtype, self.shape)

    @property
    def contradicted(self) -> bool:
        """Whether the graph's placeholder says something else than the signature."""
        return self.graph_dtype is not None

    @property
    def graph_spec(self) -> TensorSpec:
        """Name, dtype and shape that the graph will take: the placeholder's where they differ."""
        if self.graph_dtype is None:
            return self.spec
        return TensorSpec(self.name, self.graph_dtype, self.graph_shape)


@dataclass(frozen=True)
class Signature:
    """A signature: what TensorFlow's C API and TensorFlow Serving can call by name.

    ``name`` is its key (``serving_default``), ``method_name`` what kind of call it is
    (``tensorflow/serving/predict``). Numbered names sort as numbers.
    """

    name: str
    method_name: str
    inputs: tuple[SignatureTensor, ...]
    outputs: tuple[SignatureTensor, ...]

    def input(self, name: str) -> SignatureTensor | None:
        """The input of that name, or None."""
        return next((tensor for tensor in self.inputs if tensor.name == name), None)


@dataclass(frozen=True)
class Variable:
    """A variable. What is not known is None.

    ``object_path`` is where it hangs in the object tree (``layers.0.kernel``; TensorFlow 2 only),
    ``checkpoint_key`` under which name the checkpoint holds its values, in data file ``shard``;
    ``slices`` is in how many pieces a partitioned variable is stored. ``parameters`` is the
    number of elements. ``copy_of`` is the object path of the variable that this one repeats: Keras
    exports each a second time.
    """

    name: str
    dtype: str
    shape: Shape | None
    trainable: bool | None = None
    object_path: str | None = None
    device: str | None = None
    checkpoint_key: str | None = None
    shard: int | None = None
    slices: int = 0
    parameters: int | None = None
    bytes: int | None = None
    copy_of: str | None = None


@dataclass(frozen=True)
class CheckpointTensor:
    """A tensor of the checkpoint, as ``variables.index`` lists it."""

    key: str
    dtype: str
    shape: Shape | None
    shard: int
    bytes: int


@dataclass(frozen=True)
class Checkpoint:
    """``variables/``: how many data files, how many bytes, which tensors."""

    shards: int
    bytes: int
    tensors: tuple[CheckpointTensor, ...]


@dataclass(frozen=True)
class ConcreteFunction:
    """One traced version of a function: what it takes and gives, as Python annotations would."""

    name: str
    inputs: str
    output: str


@dataclass(frozen=True)
class Function:
    """A function of the object tree, callable after ``tf.saved_model.load``.

    ``path`` is where it hangs (``encode``, ``__call__``, ``layers.0.__call__``) and ``signature``
    its Python parameters (``(x, training=False)``), None where they were not saved.
    """

    path: str
    signature: str | None
    concrete_functions: tuple[ConcreteFunction, ...]


@dataclass(frozen=True)
class ObjectChild:
    """An edge of the object graph: the attribute's name, and the index of its object."""

    name: str
    object: int


@dataclass(frozen=True)
class SavedObject:
    """An object of the object graph; its index is its place in ``ModelDescription.objects``.

    ``kind`` is the proto's word (``user_object``, ``variable``, ``function``, ``asset`` …), and
    ``label`` what it is in particular: a class identifier, a dtype and shape, a file name.
    ``path`` is the shortest way to it from the root, None where nothing leads to it.
    """

    kind: str
    label: str
    path: str | None
    children: tuple[ObjectChild, ...]


@dataclass(frozen=True)
class Asset:
    """A file of ``assets/`` that the model reads. ``size`` is None where it is missing."""

    filename: str
    size: int | None
    tensor_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file of the directory, by its path inside it."""

    path: str
    size: int


@dataclass(frozen=True)
class OpCount:
    """How often an op stands in the graph, in its function library, and in TensorFlow's part.

    ``machinery`` are those, in both, that belong to TensorFlow's own saving and restoring; they
    are not counted again in ``graph`` and ``functions``.
    """

    op: str
    graph: int
    functions: int
    machinery: int = 0

    @property
    def own(self) -> int:
        """How many are the model's own."""
        return self.graph + self.functions


@dataclass(frozen=True)
class Constant:
    """A constant that is stored in the graph itself. ``function`` is None in the main graph."""

    name: str
    function: str | None
    dtype: str
    shape: Shape | None
    bytes: int


@dataclass(frozen=True)
class Graph:
    """The metagraph's graph: how many nodes and library functions, which ops, what constants.

    ``constants`` are the largest ones, largest first.
    """

    nodes: int
    functions: int
    function_nodes: int
    ops: tuple[OpCount, ...]
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class Fingerprint:
    """``fingerprint.pb``: hashes of the model's parts, as unsigned 64-bit numbers in decimal."""

    saved_model_checksum: str
    graph_def_program_hash: str
    signature_def_hash: str
    saved_object_graph_hash: str
    checkpoint_hash: str
    uuid: str | None


@dataclass(frozen=True)
class Provenance:
    """How the model was made, from the manifest that ``tfexport save`` writes."""

    target: str | None
    created: str | None
    versions: tuple[str, ...]


@dataclass(frozen=True)
class KerasMetadata:
    """``keras_metadata.pb``, from Keras 2: which Keras classes the objects were."""

    root_class: str | None
    layers: int
    keras_version: str | None


@dataclass(frozen=True)
class ModelWarning:
    """Something missing, damaged or dangerous. ``code`` is a fixed word, ``message`` one line."""

    code: str
    message: str


@dataclass(frozen=True)
class ModelDescription:
    """Everything that a SavedModel holds, for one of its metagraphs.

    ``version`` and ``other_versions`` are set where it was found in a directory of numeric
    versions. ``tags`` is the metagraph described, ``other_tags`` are those of the others.
    ``parameters`` and ``variable_bytes`` are sums over the variables where they are known, copies
    left out.
    """

    directory: str
    name: str
    file: str
    version: int | None
    other_versions: tuple[int, ...]
    tags: tuple[str, ...]
    other_tags: tuple[tuple[str, ...], ...]
    tensorflow_version: str | None
    tensorflow_git_version: str | None
    size: int
    provenance: Provenance | None
    signatures: tuple[Signature, ...]
    variables: tuple[Variable, ...]
    parameters: int
    variable_bytes: int
    checkpoint: Checkpoint | None
    functions: tuple[Function, ...]
    objects: tuple[SavedObject, ...]
    assets: tuple[Asset, ...]
    extra_assets: tuple[File, ...]
    graph: Graph
    fingerprint: Fingerprint | None
    keras: KerasMetadata | None
    debug_info: File | None
    warnings: tuple[ModelWarning, ...]

    def signature(self, name: str) -> Signature | None:
        """The signature of that name, or None."""
        return next((found for found in self.signatures if found.name == name), None)
