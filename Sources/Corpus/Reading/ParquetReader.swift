import Diagnostics
import Files
import JSON

/// The rows of a Parquet file of flat columns, of which a page of each column is in memory at a time.
/// Source: the format of Apache Parquet 2.
package final class ParquetReader: DocumentReader {
    private let reader: FileReader
    private let rules: ReadingRules
    private let textColumn: Int
    private let columns: [Column]
    private let groups: [ThriftValue]
    private var group = 0
    private var cursors: [ParquetColumn] = []
    private var rowsLeft = 0
    private var row = 0

    /// A flat column.
    package struct Column {
        var name: String
        var type: Int
        var isOptional: Bool
    }

    private static let maximumFooterSize = 256 << 20

    package init(_ rules: ReadingRules) throws {
        self.rules = rules
        reader = try FileReader(path: rules.path)
        let footer = try Self.footer(of: reader)
        columns = try Self.columns(of: footer, at: rules.path)
        let names = columns.map(\.name)
        guard let index = names.firstIndex(of: rules.options.textField) else {
            throw Failure(
                "the Parquet file has no flat column of texts",
                expected: "a column \(rules.options.textField)",
                got: names.joined(separator: ", "), at: rules.path, remedy: "set text_field")
        }
        textColumn = index
        groups = footer[4]?.list ?? []
    }

    package func next() throws -> ReadRecord? {
        while rowsLeft == 0 {
            guard group < groups.count else { return nil }
            cursors = try cursors(of: groups[group])
            rowsLeft = groups[group][3]?.integer ?? 0
            group += 1
        }
        rowsLeft -= 1
        row += 1
        let place = "\(rules.path), row \(row)"
        var values = try cursors.map { try $0.next() }
        guard case .bytes(let bytes) = values[textColumn] else {
            return try rules.unreadable(
                "no_text", "a text in the column \(rules.options.textField)",
                got: values[textColumn].summary, place, [])
        }
        let text = try rules.text(bytes, at: place).text
        var metadata: [JSONValue.Member] = []
        for (index, cursor) in cursors.enumerated() where index != textColumn {
            if case .bytes(let bytes) = values[index] {
                values[index] = .bytes(try rules.text(bytes, at: place).text)
            }
            metadata.append(.init(key: Array(cursor.column.name.utf8), value: values[index]))
        }
        return .document(Document(text: text, metadata: metadata, source: place))
    }

    private func cursors(of group: ThriftValue) throws -> [ParquetColumn] {
        let chunks = group[1]?.list ?? []
        return try columns.map { column in
            let chunk = chunks.first { chunk in
                let path = chunk[3]?[3]?.list?.compactMap(\.text)
                return path == [column.name]
            }
            guard let facts = chunk?[3] else {
                throw Self.damage("a column is missing", rules.path)
            }
            return try ParquetColumn(column, facts, reader)
        }
    }

    private static func footer(of reader: FileReader) throws -> ThriftValue {
        guard reader.size > 12 else { throw damage("\(reader.size) bytes", reader.path) }
        let tail = try reader.bytes(at: reader.size - 8, count: 8)
        let size = tail[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard tail[4...].elementsEqual("PAR1".utf8),
            size <= min(maximumFooterSize, reader.size - 12)
        else { throw damage("no footer, as of a file that is cut off", reader.path) }
        let bytes = try reader.bytes(at: reader.size - 8 - size, count: size)
        var parser = ThriftParser(bytes[...], at: reader.path)
        return try parser.structure()
    }

    /// The columns that are flat and of a type that JSON has; others are left out.
    private static func columns(of footer: ThriftValue, at path: String) throws -> [Column] {
        let elements = footer[2]?.list ?? []
        guard let root = elements.first, let count = root[5]?.integer, count >= 0 else {
            throw damage("no schema", path)
        }
        var (columns, index): ([Column], Int) = ([], 1)
        for _ in 0..<count {
            guard index < elements.count else { throw damage("a short schema", path) }
            let element = elements[index]
            let isFlat = element[5] == nil && element[3]?.integer != 2
            index = try element[5] == nil ? index + 1 : end(of: elements, from: index, path)
            guard isFlat, let type = element[1]?.integer, let name = element[4]?.text,
                [0, 1, 2, 4, 5, 6].contains(type)
            else { continue }
            columns.append(Column(name: name, type: type, isOptional: element[3]?.integer == 1))
        }
        return columns
    }

    /// The index behind a nested element and all in it.
    private static func end(
        of elements: [ThriftValue], from start: Int, _ path: String
    ) throws -> Int {
        var (index, open) = (start, 1)
        while open > 0 {
            guard index < elements.count else { throw damage("a short schema", path) }
            let children = elements[index][5]?.integer ?? 0
            guard (0...elements.count).contains(children) else {
                throw damage("a wide schema", path)
            }
            open += children - 1
            index += 1
        }
        return index
    }

    package static func damage(_ got: String, _ path: String) -> CutFile {
        CutFile(
            failure: Failure(
                "the Parquet file is cut off or damaged", expected: "columns and a footer",
                got: got,
                at: path, remedy: "fetch or write it again"))
    }
}
