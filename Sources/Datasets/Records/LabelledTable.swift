import Diagnostics

/// The columns of a table of texts with labels.
struct LabelledTable {
    let hasHeader: Bool
    let textColumn: Int
    /// Nil where there are no labels and none are needed.
    let labelColumn: Int?
    private let names: [String]
    private let columns: LabelledTextColumns
    private let file: ExampleFile

    init(
        _ first: DelimitedRecord, _ columns: LabelledTextColumns, needsLabels: Bool,
        of file: ExampleFile
    ) throws(Failure) {
        let header = Header(first, columns, file)
        (self.columns, self.file) = (columns, file)
        names = header.names
        hasHeader = header.isThere
        textColumn = try header.column(columns.text)
        labelColumn = try header.labelColumn(needsLabels: needsLabels)
    }

    /// The fields of a row, as many as the first row has.
    func fields(of row: DelimitedRecord) throws(Failure) -> [String] {
        let fields = row.cut(to: names.count).fields
        guard fields.count == names.count else { throw file.length(of: row, names.count) }
        return fields
    }

    /// The columns that hold something in a row and are not read.
    func unusedColumns(_ fields: [String]) -> [String] {
        fields.indices.filter { index in
            index != textColumn && index != labelColumn
                && fields[index].contains { !$0.isWhitespace }
        }.map { index in
            hasHeader && !names[index].isEmpty ? names[index] : "column \(index + 1)"
        }
    }

    /// Throws where the texts seem to stand in the column of labels, and the labels in that of texts, and
    /// nobody has said which is which.
    func requireOrder(of rows: [DelimitedRecord]) throws(Failure) {
        guard let labelColumn, columns == LabelledTextColumns(), rows.count >= Self.fewestRows
        else { return }
        func kinds(_ column: Int) -> Int {
            Set(rows.compactMap { $0.fields.indices.contains(column) ? $0.fields[column] : nil })
                .count
        }
        guard kinds(labelColumn) * 10 > rows.count * 9, kinds(textColumn) * 4 < rows.count else {
            return
        }
        throw Failure(
            "the labels of the table look like texts, and its texts like labels",
            expected: "labels in column \(labelColumn + 1), where no row names the columns",
            got: "\(kinds(labelColumn)) labels of \(rows.count) rows", at: file.path,
            remedy: "name the columns of texts and labels by their numbers")
    }

    private static let fewestRows = 12
}

/// The first row, which may name the columns.
private struct Header {
    let names: [String]
    let isThere: Bool
    private let columns: LabelledTextColumns
    private let place: String

    init(_ first: DelimitedRecord, _ columns: LabelledTextColumns, _ file: ExampleFile) {
        names = first.names
        isThere = columns.hasHeader ?? (Int(columns.text) == nil && names.contains(columns.text))
        self.columns = columns
        place = file.place(ofLine: first.line)
    }

    func labelColumn(needsLabels: Bool) throws(Failure) -> Int? {
        let isOptional = !needsLabels && columns.label == LabelledTextColumns.defaultLabel
        let isInIt = isThere ? names.contains(columns.label) : names.count > 1
        return isOptional && !isInIt ? nil : try column(columns.label)
    }

    /// The index of the column with a name, else with a number. Without either, two columns are
    /// label and text, and a single one is the text.
    func column(_ name: String) throws(Failure) -> Int {
        let count = names.count
        if isThere, let index = names.firstIndex(of: name) { return index }
        if let number = Int(name), (1...count).contains(number) { return number - 1 }
        if !isThere, count <= 2 {
            if name == LabelledTextColumns.defaultText { return count - 1 }
            if name == LabelledTextColumns.defaultLabel, count == 2 { return 0 }
        }
        throw Failure(
            "the table has no column \(name)",
            expected: isThere ? "\(name) in the first row" : "a number from 1 to \(count)",
            got: isThere ? names.joined(separator: ", ") : name, at: place,
            remedy: "name the columns of texts and labels")
    }
}
