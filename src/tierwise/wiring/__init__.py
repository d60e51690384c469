"""Wiring: the only place that names concrete classes, reads the environment and the clock.

Everything below takes what it needs as arguments; everything above asks here.

Source: design.md, "The shape".
"""

from tierwise.wiring.catalogs import catalog_findings, load_catalog, tier_lookup, tier_of_model
from tierwise.wiring.client_layers import settings_layers
from tierwise.wiring.client_places import environment, named_home, own_command, settings_file
from tierwise.wiring.configurations import configuration
from tierwise.wiring.places import (
    day_of,
    gsd_home,
    home_dir,
    midnight_us,
    new_id,
    now_us,
    own_skill_folders,
    user_file,
)
from tierwise.wiring.serving import ServeOptions, Serving, budget_file, offers_in, router_for, serving
from tierwise.wiring.stores import open_store, store_name

__all__ = [
    "ServeOptions",
    "Serving",
    "budget_file",
    "catalog_findings",
    "configuration",
    "day_of",
    "environment",
    "gsd_home",
    "home_dir",
    "load_catalog",
    "midnight_us",
    "named_home",
    "new_id",
    "now_us",
    "offers_in",
    "open_store",
    "own_command",
    "own_skill_folders",
    "router_for",
    "serving",
    "settings_file",
    "settings_layers",
    "store_name",
    "tier_lookup",
    "tier_of_model",
    "user_file",
]
