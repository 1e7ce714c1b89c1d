import Diagnostics
import JSON

/// A template in the part of Jinja that chat templates use, as transformers renders it: loops, macros,
/// namespaces, filters, tests, methods that change nothing, white-space control.
///
/// It can do nothing but make text, within limits of steps, sizes and depth: there is no way from it to
/// files, other templates or the program.
package struct JinjaTemplate: Sendable {
    /// The template as it was written.
    package let source: String
    private let style: JinjaStyle
    private let statements: [JinjaStatement]

    /// - Throws: `Failure` with the line for what is no template, and for what is beyond that part.
    package init(_ source: String, _ style: JinjaStyle = .chat) throws {
        (self.source, self.style) = (source, style)
        statements = try JinjaParser.statements(of: source, style)
    }

    /// A text, and which of it stands in `{% generation %}`, by offsets of UTF-8.
    package struct Rendering: Equatable {
        package let text: String
        package let generated: [Range<Int>]
    }

    /// - Parameters:
    ///   - variables: the names that the template sees.
    ///   - date: what `strftime_now` tells.
    /// - Throws: `Failure` for what the template raises, for what it cannot do, and beyond its limits.
    package func render(
        _ variables: [String: JSONValue], date: TemplateDate = .now
    ) throws -> Rendering {
        var values = variables.mapValues { JinjaValue($0) }
        values["strftime_now"] = .function(
            JinjaFunction("strftime_now") { call in
                .string(date.text(try call.required(0, "format").text))
            })
        let renderer = JinjaRenderer(style)
        try renderer.render(statements, in: JinjaScope(values))
        return Rendering(text: renderer.text, generated: renderer.generated)
    }
}
