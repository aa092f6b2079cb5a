//! The `yagura` command.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the commands that read sources are to come")
)]
mod source;

fn main() {}
