import JSON

/// A record of an evaluation task, by the names of its fields.
package struct TaskDocument: Equatable, Sendable {
    package let fields: [String: JSONValue]
    /// File and line.
    package let place: String

    package init(_ fields: [String: JSONValue], at place: String) {
        (self.fields, self.place) = (fields, place)
    }

    /// The document with a further field.
    package func adding(_ name: String, _ value: JSONValue) -> TaskDocument {
        TaskDocument(fields.merging([name: value]) { $1 }, at: place)
    }
}

/// How the tables of a task are read.
package struct TaskTable: Sendable {
    /// The separator; nil goes by the ending of the file's name.
    package var delimiter: String?
    /// The names of the columns of a table whose first row has none.
    package var columns: [String]?
    /// The names of the columns of such tables as they are published, one list for each form; taken by the
    /// number of fields, unless the first row holds a name of `known`.
    package var layouts: [[String]] = []
    package var known: Set<String> = []
    /// A name in the first row that is left out, since the columns have the names of a layout.
    package var header: String?
    /// Whether columns of numbers become numbers, as pandas has it.
    package var isTyped = false

    package init() {}
}
