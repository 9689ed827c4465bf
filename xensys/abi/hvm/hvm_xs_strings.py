# GENERATED from abi/hvm/hvm_xs_strings.json (hvm/hvm_xs_strings.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Xenstore nodes, relative to the domain's home, through which a toolstack instructs hvmloader.

hvm/hvm_xs_strings.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

# HVM_XS_HVMLOADER: What hvmloader is to load and to do: the firmware to start, whether it may move
# RAM out of the device hole.
HVM_XS_HVMLOADER = "hvmloader"
HVM_XS_BIOS = "hvmloader/bios"
HVM_XS_GENERATION_ID_ADDRESS = "hvmloader/generation-id-address"
HVM_XS_ALLOW_MEMORY_RELOCATE = "hvmloader/allow-memory-relocate"

HVM_XS_XEN_PLATFORM_PCI_BAR_UC = "hvmloader/pci/xen-platform-pci-bar-uc"  # Whether the Xen platform device's memory is uncached in the MTRRs; since 4.21, not compiled here

# HVM_XS_PT: Guest-physical address and bytes of ACPI tables or SMBIOS structures that hvmloader is
# to add to its own.
HVM_XS_ACPI_PT_ADDRESS = "hvmloader/acpi/address"
HVM_XS_ACPI_PT_LENGTH = "hvmloader/acpi/length"
HVM_XS_SMBIOS_PT_ADDRESS = "hvmloader/smbios/address"
HVM_XS_SMBIOS_PT_LENGTH = "hvmloader/smbios/length"

HVM_XS_SMBIOS_DEFAULT_BATTERY = "hvmloader/smbios/default_battery"  # Set to 1 for a portable battery with default texts in the SMBIOS tables

# HVM_XS_BIOS_STRINGS: Texts that replace hvmloader's own in the SMBIOS tables.
HVM_XS_BIOS_STRINGS = "bios-strings"
HVM_XS_BIOS_VENDOR = "bios-strings/bios-vendor"
HVM_XS_BIOS_VERSION = "bios-strings/bios-version"
HVM_XS_SYSTEM_MANUFACTURER = "bios-strings/system-manufacturer"
HVM_XS_SYSTEM_PRODUCT_NAME = "bios-strings/system-product-name"
HVM_XS_SYSTEM_VERSION = "bios-strings/system-version"
HVM_XS_SYSTEM_SERIAL_NUMBER = "bios-strings/system-serial-number"
HVM_XS_BASEBOARD_MANUFACTURER = "bios-strings/baseboard-manufacturer"
HVM_XS_BASEBOARD_PRODUCT_NAME = "bios-strings/baseboard-product-name"
HVM_XS_BASEBOARD_VERSION = "bios-strings/baseboard-version"
HVM_XS_BASEBOARD_SERIAL_NUMBER = "bios-strings/baseboard-serial-number"
HVM_XS_BASEBOARD_ASSET_TAG = "bios-strings/baseboard-asset-tag"
HVM_XS_BASEBOARD_LOCATION_IN_CHASSIS = "bios-strings/baseboard-location-in-chassis"
HVM_XS_ENCLOSURE_MANUFACTURER = "bios-strings/enclosure-manufacturer"
HVM_XS_ENCLOSURE_SERIAL_NUMBER = "bios-strings/enclosure-serial-number"
HVM_XS_ENCLOSURE_ASSET_TAG = "bios-strings/enclosure-asset-tag"
HVM_XS_BATTERY_MANUFACTURER = "bios-strings/battery-manufacturer"
HVM_XS_BATTERY_DEVICE_NAME = "bios-strings/battery-device-name"

HVM_XS_OEM_STRINGS = "bios-strings/oem-%d"  # Format of the nodes with OEM texts, numbered from 1 to 99
