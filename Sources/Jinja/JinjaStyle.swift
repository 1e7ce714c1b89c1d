/// The settings of an environment of Jinja.
package enum JinjaStyle: Sendable {
    /// Those of transformers for chats: the line break after a block and the indent before it go, and
    /// what is not defined is printed as nothing.
    case chat
    /// Those of lm-evaluation-harness for tasks: all white space stays, what is not defined must not be
    /// printed, and there is the filter `regex_replace`. Its patterns are programs without a bound, as
    /// the files of a user may have them.
    case task
}
