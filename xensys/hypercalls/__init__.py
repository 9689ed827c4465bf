"""Typed hypercalls: one module per family, one method per sub-operation.

Methods carry Xen's own names for the sub-operations, less their prefix
(`XENMEM_maximum_gpfn` is `memory_op.maximum_gpfn`). What each may be asked,
by whom and since when is in abi/tables/.
"""
