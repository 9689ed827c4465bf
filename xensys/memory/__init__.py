"""Memory that Xen or another domain can see.

Two kinds, never interchangeable:

* `buffers`: this process's own memory, lent to the hypervisor for the length
  of a hypercall. Comes from /dev/xen/hypercall.
* `foreign`, `resource`: other domains' memory, mapped here. `mapping` is what
  they share: when it may be touched, and when it goes.

`rings` and `byterings` are what two domains do with memory that both write to.
"""
