//! Which modifiers may follow which.

use super::{Comparison, Item, Linking};
use crate::modifier::Modifier;
use crate::pattern::Case;
use crate::predicate::Subject;

impl Item<'_> {
    /// Whether a modifier may follow those before it; if not, why and what to do.
    pub(super) fn check(
        &self,
        modifier: Modifier,
        name: &str,
    ) -> Result<(), (String, &'static str)> {
        use Comparison as C;
        use Modifier as M;
        let open = matches!(modifier, M::Contains | M::StartsWith | M::EndsWith);
        let fits = match modifier {
            M::All | M::Neq => self.comparison != C::Presence,
            M::Cased => matches!(
                self.comparison,
                C::Plain | C::Text | C::Expanded | C::Field(_)
            ),
            M::IgnoreCase | M::MultiLine | M::DotAll => {
                if !matches!(self.comparison, C::Regex { .. }) {
                    return Err((
                        format!("`{name}` is a flag of regular expressions and must follow `re`"),
                        "write `|re|i`, `|re|m` or `|re|s`",
                    ));
                }
                true
            }
            M::Re | M::Cidr if self.comparison == C::Expanded => self.case == Case::Insensitive,
            M::Re | M::Cidr | M::Compare(_) | M::FieldRef | M::DatePart(_) => {
                self.comparison == C::Plain && self.case == Case::Insensitive
            }
            M::Exists => {
                self.comparison == C::Plain && !self.negated && self.linking == Linking::Any
            }
            M::Expand => matches!(
                self.comparison,
                C::Plain | C::Text | C::Regex { .. } | C::Network
            ),
            _ if open => matches!(
                self.comparison,
                C::Plain | C::Text | C::Expanded | C::Field(_)
            ),
            _ => matches!(self.comparison, C::Plain | C::Text | C::Expanded),
        };
        if !fits {
            let help = match (modifier, self.comparison) {
                (_, C::Regex { .. }) if open => {
                    "a regular expression is searched for anywhere; use `^` and `$` to anchor it"
                }
                (M::FieldRef, C::Text) => "write `fieldref` first: `|fieldref|contains`",
                (M::Expand, _) | (_, C::Expanded) => {
                    "values of placeholders are text, with `re` regular expressions, with `cidr` networks; write any other value out"
                }
                (M::Re, C::Text) => "write the regular expression in full, with `re` alone",
                (_, C::DatePart(_)) => "list the values that the part of the date may have",
                _ => "remove one of the two",
            };
            return Err((format!("`{name}` cannot follow {}", self.so_far()), help));
        }
        let needs_field = matches!(
            modifier,
            M::StartsWith | M::EndsWith | M::Exists | M::Compare(_) | M::FieldRef | M::DatePart(_)
        );
        if self.subject == Subject::Anything && needs_field {
            return Err((
                format!("`{name}` needs a field, but this item has none"),
                "keywords occur anywhere in the event: write the name of the field before the `|`",
            ));
        }
        Ok(())
    }

    /// What the modifiers so far have made of the values, for messages.
    pub(super) fn so_far(&self) -> &'static str {
        match self.comparison {
            Comparison::Plain if self.case == Case::Sensitive => "`cased`",
            Comparison::Plain => "the modifiers before it",
            Comparison::Text => "modifiers that change text",
            Comparison::Expanded => "`expand`",
            Comparison::Regex { .. } => "`re`",
            Comparison::Network => "`cidr`",
            Comparison::Order(_) => "a comparison of numbers",
            Comparison::Field(_) => "`fieldref`",
            Comparison::Presence => "`exists`",
            Comparison::DatePart(_) => "a part of a date",
        }
    }
}
