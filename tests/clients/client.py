"""Uses the client that openapi-python-client makes of openapi.json."""

import sys

from generated import AuthenticatedClient
from generated.api.devices import get_devices, post_devices
from generated.api.commands import get_commands_command, post_devices_device_commands
from generated.models import Command, Device, InventoryCommand, NewDevice, Problem

base_url, token = sys.argv[1:]
with AuthenticatedClient(base_url=base_url, token=token) as client:

    def register(source):
        body = NewDevice.from_dict({"source": source, "family": "windows81"})
        return post_devices.sync(client=client, body=body)

    device = register("py-1")
    assert isinstance(device, Device), device

    again = register("py-1")
    assert isinstance(again, Problem), again
    assert again.type_ == "/docs/problems.md#already-exists", again
    assert again.conflicts_with == device.id, again

    body = InventoryCommand.from_dict({"type": "inventory", "classes": ["Win32_BIOS"]})
    command = post_devices_device_commands.sync(device.id, client=client, body=body)
    assert isinstance(command, Command), command
    shown = get_commands_command.sync(command.id, client=client)
    assert isinstance(shown, Command) and shown.state == "queued", shown

    assert isinstance(register("py-2"), Device)
    sources, after = [], None
    while True:
        more = {} if after is None else {"after": after}
        page = get_devices.sync(client=client, limit=1, **more)
        sources += [item.source for item in page.items]
        after = page.next_
        if after is None:
            break
    assert sources == ["py-1", "py-2"], sources
print("works")
