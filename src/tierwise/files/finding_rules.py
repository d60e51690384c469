"""Finding rules: the stable word of every kind of mistake in a skill's files, and what it means.

A word never changes its meaning: people switch on it in CI. The first group makes a file unusable.

Source: rules.md section 2; seed A§7.2.
"""

from __future__ import annotations

from typing import Final

RULES: Final[dict[str, str]] = {
    "unreadable": "The file or folder cannot be read",
    "too-large": "The file is larger than a file of this kind may be",
    "not-utf-8": "The file is not UTF-8",
    "control-character": "The YAML holds a character that it must not hold",
    "yaml-syntax": "The text is not valid YAML",
    "yaml-documents": "The file holds more than one YAML document",
    "yaml-alias": "A YAML alias names nothing, or itself",
    "too-deep": "The YAML is nested too deeply",
    "too-many-values": "The YAML holds too many values",
    "too-many-files": "The folders hold too many files to read them all",
    "frontmatter-open": "The frontmatter is never closed",
    "frontmatter-not-mapping": "The frontmatter is no mapping",
    "duplicate-key": "A key is written twice; the first one counts",
    "yaml-key": "A list or mapping stands where a key belongs",
    "yaml-tag": "A YAML tag has no meaning here",
    "yaml-boolean": "A YAML boolean stands where a word was meant",
    "bad-name": "The name is no printable word",
    "misplaced-key": "A key of the routing block stands outside of it",
    "unknown-key": "The block has no such key",
    "unknown-tier": "The word is no known tier or model",
    "unknown-word": "The word is not one of those that the key takes",
    "not-a-mapping": "A mapping was meant",
    "not-a-list": "A list was meant",
    "not-a-word": "A word was meant",
    "not-a-boolean": "true or false was meant",
    "not-text": "Text was meant",
    "bad-range": "The range is not `low-high`",
    "condition-without-when": "A condition does not say when it holds",
    "condition-target": "A condition has not exactly one of `downgrade_to` and `hold_at`",
    "condition-upgrade": "A condition would raise the tier, which conditions never do",
    "acceptable-without-preferred": "`acceptable` is given, `preferred` is not",
    "preferred-not-acceptable": "`acceptable` does not hold `preferred`",
    "minimum-above-preferred": "`minimum` is above `preferred`",
    "acceptable-below-minimum": "An acceptable tier is below `minimum`",
    "high-demand-below-heavy": "High demand with a preferred tier below opus",
    "dead-condition": "A condition can never change the tier",
    "condition-below-minimum": "A condition leads below `minimum`",
    "trigger-without-arrow": "An upgrade trigger does not say where it leads",
    "row-path": "A routing table's path leads to no skill",
    "row-default": "A routing table's default tier contradicts the skill",
    "row-floor": "A routing table's floor is below the skill's minimum",
    "too-many-rows": "The routing tables are longer than is read",
    "too-many-triggers": "A routing table's row has more triggers than are read",
    "adaptation-order": "An adaptation is for a tier that is not below the preferred one",
    "adaptation-too-long": "An adaptation is too long to be added to a prompt",
    "too-many-findings": "The file has more mistakes than are listed",
}
