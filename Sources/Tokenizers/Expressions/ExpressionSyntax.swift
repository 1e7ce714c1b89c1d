import Diagnostics

/// The two kinds of regular expressions that the files of tokenizers hold.
package enum ExpressionSyntax: Sendable {
    /// Oniguruma with the syntax of Ruby, for tokenizer.json: a repeat `{n,m}+` is two repeats, `^` and
    /// `$` mean lines, `(?m)` lets the dot match a line feed, `(?i)` before an alternation holds it.
    case ruby
    /// The fancy-regex of Rust, for .tiktoken files: `{n,m}+` gives nothing back, `^` and `$` mean the
    /// text, `(?s)` lets the dot match a line feed.
    case rust

    var words: CodePointSet { self == .ruby ? .words : .rustWords }
}

extension ExpressionSyntax {
    /// The failure of an expression that is not read.
    ///
    /// - Parameter what: the syntax, such as "a reference to a group".
    static func refusal(_ what: String, in pattern: String, at place: String) -> Failure {
        Failure(
            "cannot read the pattern of the tokenizer",
            expected: "classes, groups, alternatives, repeats and look-around", got: what,
            at: "'\(pattern.prefix(200))' of \(place)",
            remedy: "use a tokenizer whose pattern needs no more than these")
    }
}
