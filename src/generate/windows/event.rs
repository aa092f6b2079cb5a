//! One Windows event under construction; its memory is used again for the next.

use super::super::repetition::Repetition;
use super::super::text::{self, Case};

/// Where an event is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// `Microsoft-Windows-Sysmon/Operational`
    Sysmon,
    /// `Security`
    Security,
    /// `Microsoft-Windows-PowerShell/Operational`
    PowerShell,
    /// `System`
    System,
}

impl Channel {
    /// Its name.
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::Sysmon => b"Microsoft-Windows-Sysmon/Operational",
            Self::Security => b"Security",
            Self::PowerShell => b"Microsoft-Windows-PowerShell/Operational",
            Self::System => b"System",
        }
    }
}

/// Whether a value counts as free text, see [`Repetition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freedom {
    Fixed,
    Free,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: &'static str,
    freedom: Freedom,
    end: usize,
}

/// What all events of an id share.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Where it is logged.
    pub channel: Channel,
    /// Its number.
    pub id: u16,
    /// What the task is called.
    pub task: &'static str,
    /// The first line of the message.
    pub title: &'static str,
    /// Who logs it.
    pub provider: &'static str,
    /// The same as a GUID.
    pub provider_guid: &'static str,
}

/// An event: what all have, and its own names and values.
#[derive(Debug)]
pub struct WindowsEvent {
    /// What all events of the id share.
    pub of: EventType,
    /// Index of the machine.
    pub host: usize,
    /// Number within the log of the machine.
    pub record_id: u64,
    /// Number of the process that logged it.
    pub process_id: u64,
    /// Number of the thread.
    pub thread_id: u64,
    fields: Vec<Field>,
    text: Vec<u8>,
}

impl Default for WindowsEvent {
    fn default() -> Self {
        Self {
            of: super::system::SERVICE_STATE,
            host: 0,
            record_id: 0,
            process_id: 0,
            thread_id: 0,
            fields: Vec::new(),
            text: Vec::new(),
        }
    }
}

impl WindowsEvent {
    /// Forgets the event before and begins one.
    pub fn begin(&mut self, of: EventType, host: usize) {
        self.fields.clear();
        self.text.clear();
        self.of = of;
        self.host = host;
        // One counter for all machines: as good as many, and it never repeats.
        self.record_id += 1;
        self.process_id = 2000 + host as u64 % 500 * 4;
        self.thread_id = self.process_id + 4 + self.record_id % 8 * 4;
    }

    /// Adds a value.
    pub fn text(&mut self, name: &'static str, value: impl AsRef<[u8]>) {
        self.write(name, |out| out.extend_from_slice(value.as_ref()));
    }

    /// Adds a value of free text.
    pub fn free(&mut self, name: &'static str, value: &[u8]) {
        self.write_free(name, |out| out.extend_from_slice(value));
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, value: u64) {
        self.write(name, |out| text::decimal(out, value));
    }

    /// Adds a number as `0x3e7`.
    pub fn hexadecimal(&mut self, name: &'static str, value: u64) {
        let digits = (value.max(1).ilog2() / 4 + 1) as u8;
        self.write(name, |out| {
            out.extend_from_slice(b"0x");
            text::hexadecimal_of(out, value, digits, Case::Lower);
        });
    }

    /// Adds a GUID.
    pub fn guid(&mut self, name: &'static str, value: [u64; 2]) {
        self.write(name, |out| text::guid(out, value, Case::Lower));
    }

    /// Adds what the function appends.
    pub fn write(&mut self, name: &'static str, append: impl FnOnce(&mut Vec<u8>)) {
        append(&mut self.text);
        self.close(name, Freedom::Fixed);
    }

    /// The same for free text.
    pub fn write_free(&mut self, name: &'static str, append: impl FnOnce(&mut Vec<u8>)) {
        append(&mut self.text);
        self.close(name, Freedom::Free);
    }

    fn close(&mut self, name: &'static str, freedom: Freedom) {
        self.fields.push(Field {
            name,
            freedom,
            end: self.text.len(),
        });
    }

    /// Names and values.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.all().map(|(field, value)| (field.name, value))
    }

    /// Tells which texts were used.
    pub fn observe(&self, repetition: &mut Repetition) {
        for (field, value) in self.all() {
            if field.freedom == Freedom::Free {
                repetition.observe(field.name, value);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (&Field, &[u8])> {
        let mut start = 0;
        self.fields.iter().map(move |field| {
            let value = &self.text[start..field.end];
            start = field.end;
            (field, value)
        })
    }
}
