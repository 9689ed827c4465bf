#!/bin/sh
# Run the contract in a box of tools/xenbox; from /project.
#
#   inbox.sh plain|fallback|nolibs OUTCOMES.json [PYTEST-ARGUMENT]...
#
# fallback: without /dev/xen/hypercall. nolibs: with every library of Xen's
# moved away; only the guest helper is told where to. Afterwards all is as before.
mode=$1 outcomes=$2
shift 2
case $mode in
    plain) back=: ;;
    fallback)
        mv /dev/xen/hypercall /dev/hypercall-away || exit 1
        back='mv /dev/hypercall-away /dev/xen/hypercall'
        export XENSYS_CONTRACT_FALLBACK=1 ;;
    nolibs)
        mkdir /moved || exit 1
        find /usr/lib -name 'libxen*' ! -type d >/tmp/libxen
        while read -r file; do
            mkdir -p "/moved${file%/*}" && mv "$file" "/moved$file" || exit 1
        done </tmp/libxen
        back='while read -r file; do mv "/moved$file" "$file"; done </tmp/libxen; rm -r /moved'
        library=$(find /moved -name 'libxencall.so.1')
        [ -n "$library" ] || { echo "inbox.sh: there was no libxencall to move" >&2; exit 1; }
        export XENSYS_CONTRACT_LIBXEN="${library%/*}" ;;
    *) echo "inbox.sh: mode $mode?" >&2; exit 2 ;;
esac
python3 -m pytest tests/contract -q --contract-outcomes "$outcomes" "$@"
status=$?
eval "$back"
exit $status
