"""From a source's samples to windows at the model's rate.

`file` (with `wav` and `pcm`) and `samples` give blocks of sound; `conditioning` makes one finite
channel of them, `resample` (or `polyphase`) changes the rate, `dc_block` takes an offset out, and
`windows` puts these together and cuts.
"""
