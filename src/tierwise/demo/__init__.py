"""The demo: a session of a frontend QA suite, played through the gateway's port on the simulator."""
