"""Model files: `file` reads and writes them, `manifest` is what they hold beside the network.

`schema` makes the manifest's JSON Schema from its dataclasses, `from_json` reads JSON into them.
"""
