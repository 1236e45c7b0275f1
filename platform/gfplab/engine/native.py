"""The state as numba sees it: one pointer to a table of (data pointer, length), a type that says what lies behind each.

`k.zones[z]` loads the data pointer (marked invariant: a simulation's arrays never move), adds z * itemsize and is a
pointer whose fields are int64; `k.page_flags[p]` is an int64 whatever the array's own type is.  Nothing is reference
counted, and negative indices have no meaning.  No two names of fields or arrays ever lie at one place, which LLVM is
told (TBAA): a store to one field leaves what was loaded from all others as it was.
"""

import operator

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature
from numba.extending import (
    NativeValue,
    lower_builtin,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

from gfplab.engine.state import PyState

WORD = ir.IntType(64)
STEPS_TABLE, DECISIONS_TABLE = "_steps", "_decisions"


KNOWN = {}  # types by name: numba's cache keeps the name alone, or the schema would be read with every function


def known(name):
    return KNOWN[name]


class StateType(types.Type):
    """The type of `k` for one schema."""

    def __init__(self, schema):
        self.elements = {}
        for name in schema.names():
            dtype = schema.dtype(name)
            self.elements[name] = numba.from_dtype(dtype), dtype.itemsize
        self.place = {name: i for i, name in enumerate([*self.elements, STEPS_TABLE, DECISIONS_TABLE])}
        super().__init__(f"gfplab.State<{schema.digest()[:16]}>")
        KNOWN.setdefault(self.name, self)  # numba, too, keeps the first of equal types

    def __reduce__(self):
        return known, (self.name,)


class ArrayType(types.Type):
    """The type of `k.<name>`; its value is k itself."""

    def __init__(self, state, array):
        self.state, self.array = state, array
        self.element, self.itemsize = state.elements[array]
        super().__init__(f"{state.name}.{array}")

    def __reduce__(self):
        return ArrayType, (self.state, self.array)

    @property
    def item(self):
        """The type of one element, as an expression."""
        return RecordType(self.state, self.array) if isinstance(self.element, types.Record) else types.int64


class RecordType(types.Type):
    """The type of one record of `k.<name>`; its value points there."""

    mutable = True

    def __init__(self, state, array):
        self.state, self.array = state, array
        self.offsets = {field: place.offset for field, place in state.elements[array][0].fields.items()}
        super().__init__(f"{state.name}.{array}[]")

    def __reduce__(self):
        return RecordType, (self.state, self.array)


@register_model(RecordType)
class RecordModel(models.PrimitiveModel):
    def __init__(self, manager, record):
        super().__init__(manager, record, cgutils.voidptr_t)


register_model(StateType)(models.OpaqueModel)
register_model(ArrayType)(models.OpaqueModel)


class NativeState(PyState):
    """The Python side of `k`: its arrays, and the table that compiled code reads."""

    def __init__(self, schema, arrays, numba_type, table):
        super().__init__(schema, arrays)
        self.numba_type, self.table = numba_type, table
        self.address = table.ctypes.data


@typeof_impl.register(NativeState)
def typeof_state(value, _):
    return value.numba_type


@unbox(StateType)
def unbox_state(_, value, c):
    address = c.pyapi.object_getattr_string(value, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class StateAttributes(AttributeTemplate):
    key = StateType

    def generic_resolve(self, state, attribute):
        return ArrayType(state, attribute) if attribute in state.elements else None


@lower_getattr_generic(StateType)
def lower_array(context, builder, state, value, attribute):
    return value


def table_word(builder, state, table, name, word):
    """Load word 0 (data pointer) or 1 (length) of an array's table entry."""
    words = builder.bitcast(table, WORD.as_pointer())
    place = builder.gep(words, [ir.Constant(WORD, 2 * state.place[name] + word)], inbounds=True)
    value = builder.load(place)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def element_pointer(context, builder, array, table, index, index_type):
    index = context.cast(builder, index, index_type, types.int64)
    data = table_word(builder, array.state, table, array.array, 0)
    element = context.get_data_type(array.element).as_pointer() if array.item is types.int64 else cgutils.voidptr_t
    offset = builder.mul(index, ir.Constant(WORD, array.itemsize), flags=["nsw"])
    return builder.inttoptr(builder.add(data, offset), element)


def only_aliases(builder, instruction, name):
    """Say of a load or store that it has to do with this field or array alone."""
    module = builder.module
    root = module.add_metadata(["gfplab"])
    kind = module.add_metadata([name, root, ir.Constant(WORD, 0)])
    instruction.set_metadata("tbaa", module.add_metadata([kind, kind, ir.Constant(WORD, 0)]))
    return instruction


@infer_getattr
class RecordFields(AttributeTemplate):
    key = RecordType

    def generic_resolve(self, record, attribute):
        return types.int64 if attribute in record.offsets else None


def field_pointer(builder, record, pointer, field):
    place = builder.gep(pointer, [ir.Constant(WORD, record.offsets[field])], inbounds=True)
    return builder.bitcast(place, WORD.as_pointer())


@lower_getattr_generic(RecordType)
def get_field(context, builder, record, pointer, field):
    return only_aliases(
        builder, builder.load(field_pointer(builder, record, pointer, field)), f"{record.array}.{field}"
    )


@lower_setattr_generic(RecordType)
def set_field(context, builder, sig, args, field):
    record, (pointer, value) = sig.args[0], args
    value = context.cast(builder, value, sig.args[1], types.int64)
    return only_aliases(
        builder, builder.store(value, field_pointer(builder, record, pointer, field)), f"{record.array}.{field}"
    )


@infer_global(operator.getitem)
class GetElement(AbstractTemplate):
    def generic(self, args, kws):
        if isinstance(args[0], ArrayType) and isinstance(args[1], types.Integer):
            return signature(args[0].item, args[0], types.int64)


@lower_builtin(operator.getitem, ArrayType, types.Integer)
def get_element(context, builder, sig, args):
    array = sig.args[0]
    pointer = element_pointer(context, builder, array, *args, sig.args[1])
    if array.item is not types.int64:
        return pointer
    return context.cast(builder, only_aliases(builder, builder.load(pointer), array.array), array.element, types.int64)


@infer_global(operator.setitem)
class SetElement(AbstractTemplate):
    def generic(self, args, kws):
        if isinstance(args[0], ArrayType) and isinstance(args[1], types.Integer) and args[0].item is types.int64:
            return signature(types.none, args[0], types.int64, types.int64)


@lower_builtin(operator.setitem, ArrayType, types.Integer, types.Integer)
def set_element(context, builder, sig, args):
    array, (table, index, value) = sig.args[0], args
    pointer = element_pointer(context, builder, array, table, index, sig.args[1])
    only_aliases(builder, builder.store(context.cast(builder, value, sig.args[2], array.element), pointer), array.array)
    return context.get_dummy_value()


@infer_global(len)
class Length(AbstractTemplate):
    def generic(self, args, kws):
        if isinstance(args[0], ArrayType):
            return signature(types.int64, args[0])


@lower_builtin(len, ArrayType)
def length(context, builder, sig, args):
    return table_word(builder, sig.args[0].state, args[0], sig.args[0].array, 1)
