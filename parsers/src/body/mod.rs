//! Message bodies of syslog by program.
