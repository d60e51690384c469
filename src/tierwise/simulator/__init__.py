"""The simulator: a model provider inside the product, without keys, cost, clock or chance.

    server         a loopback port, async or in a thread     app            ASGI, control paths, the log
    provider       one request → one answer                  script         rules: match → respond
    request        bytes → Request                           script_reading file or value → Script
    conversation   who said what, in all protocols           content        what an answer says
    prompts        a prompt as cacheable pieces              caches         prompt caches, their accounting
    anthropic      answers in the Messages shape             openai         … in the Chat Completions shape
                                                             openai_responses   … in the Responses shape
    checks, refusals, answers, models, tokens, script_values, spoken, response_items, log   the parts of these

Source: design.md, "Layout"; research/clients.md sections 2, 3 and 7.
"""
