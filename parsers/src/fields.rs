//! Field ids that parsers and the engine know by themselves, whatever the rules.
//!
//! Everything a parser emits under a fixed name has its id here, so that emitting a field is an
//! index and a bit test, not a hash of its name.

use crate::event::FieldId;

macro_rules! core_fields {
    ($($id:ident = $name:literal,)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "used as indices only")]
        enum Index { $($id,)* COUNT }
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $id: FieldId = FieldId(Index::$id as u16);
        )*
        /// How many ids are the same in every projection.
        pub const CORE_COUNT: usize = Index::COUNT as usize;
        /// The names of the core fields, by id.
        pub const CORE_NAMES: [&str; CORE_COUNT] = [$($name,)*];
    };
}

core_fields! {
    // Not a field: a value pushed here is read as the event's time.
    TIME = "(time)",
    // What decides the logsource.
    CHANNEL = "Channel",
    EVENT_ID = "EventID",
    PROVIDER_NAME = "Provider_Name",
    // Where the event happened.
    COMPUTER = "Computer",
    HOSTNAME = "hostname",
    // Windows, `System` part.
    LEVEL = "Level",
    TASK = "Task",
    OPCODE = "Opcode",
    KEYWORDS = "Keywords",
    EVENT_RECORD_ID = "EventRecordID",
    PROVIDER_GUID = "Provider_Guid",
    EXECUTION_PROCESS_ID = "Execution_ProcessID",
    EXECUTION_THREAD_ID = "Execution_ThreadID",
    SECURITY_USER_ID = "Security_UserID",
    CORRELATION_ACTIVITY_ID = "Correlation_ActivityID",
    VERSION = "Version",
    DATA = "Data",
    BINARY = "Binary",
    MESSAGE_RENDERED = "Message",
    // Syslog header.
    FACILITY = "facility",
    SEVERITY = "severity",
    PROGRAM = "program",
    PID = "pid",
    MESSAGE_ID = "msgid",
    MESSAGE = "message",
    // Message bodies.
    ACTION = "action",
    OUTCOME = "outcome",
    USER = "user",
    TARGET_USER = "target_user",
    SRC_IP = "src_ip",
    SRC_HOST = "src_host",
    SRC_PORT = "src_port",
    DST_IP = "dst_ip",
    DST_PORT = "dst_port",
    PROTOCOL = "protocol",
    METHOD = "method",
    REASON = "reason",
    COMMAND = "command",
    PROCESS = "process",
    TTY = "tty",
    UID = "uid",
    GID = "gid",
    GROUP = "group",
    HOME = "home",
    SHELL = "shell",
    WORKING_DIRECTORY = "pwd",
    SUDO_USER = "USER",
    SUDO_COMMAND = "COMMAND",
    SUDO_PWD = "PWD",
    SUDO_TTY = "TTY",
    REPEATED = "repeated",
    // Web access logs, by the names of Sigma's `webserver` category.
    C_IP = "c-ip",
    CS_USERNAME = "cs-username",
    CS_METHOD = "cs-method",
    CS_HOST = "cs-host",
    CS_URI = "cs-uri",
    CS_URI_STEM = "cs-uri-stem",
    CS_URI_QUERY = "cs-uri-query",
    CS_VERSION = "cs-version",
    CS_REFERER = "cs-referer",
    CS_USER_AGENT = "cs-user-agent",
    SC_STATUS = "sc-status",
    SC_BYTES = "sc-bytes",
    // Linux audit records and process creation.
    TYPE = "type",
    IMAGE = "Image",
    COMMAND_LINE = "CommandLine",
    PARENT_IMAGE = "ParentImage",
    PROCESS_ID = "ProcessId",
    PARENT_PROCESS_ID = "ParentProcessId",
    CURRENT_DIRECTORY = "CurrentDirectory",
    SIGMA_USER = "User",
    LOGON_ID = "LogonId",
    // CEF header, by its parts and by the names that CEF gives them.
    CEF_VERSION = "cef.version",
    CEF_DEVICE_VENDOR = "cef.device_vendor",
    CEF_DEVICE_PRODUCT = "cef.device_product",
    CEF_DEVICE_VERSION = "cef.device_version",
    CEF_DEVICE_EVENT_CLASS_ID = "cef.device_event_class_id",
    CEF_NAME = "cef.name",
    CEF_SEVERITY = "cef.severity",
    DEVICE_VENDOR = "deviceVendor",
    DEVICE_PRODUCT = "deviceProduct",
    DEVICE_VERSION = "deviceVersion",
    DEVICE_EVENT_CLASS_ID = "deviceEventClassId",
    NAME = "name",
    // LEEF header.
    LEEF_VERSION = "leef.version",
    LEEF_VENDOR = "leef.vendor",
    LEEF_PRODUCT = "leef.product",
    LEEF_PRODUCT_VERSION = "leef.product_version",
    LEEF_EVENT_ID = "leef.event_id",
}
