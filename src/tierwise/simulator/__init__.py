"""The simulator: a model provider inside the product, without keys, cost, clock or chance.

    app        ASGI plumbing and the control paths        server     a loopback port, async or in a thread
    provider   one request → one answer                   log        what was asked and answered
    request    bytes → Request                            conversation   who said what, in both protocols
    script     rules: match → respond                     script_reading   Python value or file → Script
    prompts    a prompt as cacheable pieces               caches     prompt caches and their accounting
    anthropic  answers in the Messages shape              openai     answers in the Chat Completions shape

Source: design.md, "Layout"; research/clients.md sections 2, 3 and 7.
"""
