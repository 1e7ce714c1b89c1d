import Diagnostics

extension ClassificationReport {
    /// A table of the figures of each class, and the confusion matrix.
    package var text: String {
        var figures = TextTable()
        figures.add("class", "precision", "recall", "f1", "texts")
        for (number, label) in labels.enumerated() {
            figures.add(
                label, precision(of: number).formattedTo(4), recall(of: number).formattedTo(4),
                f1(of: number).formattedTo(4), "\(textCount(of: number))")
        }
        figures.add(
            "macro average", macroPrecision.formattedTo(4), macroRecall.formattedTo(4),
            macroF1.formattedTo(4), "\(textCount)")
        let heading = "accuracy \(accuracy.formattedTo(4)) of \(Quantity.count(textCount, "text"))"
        return
            ([heading] + figures.lines + ["", "texts by class and what they were called"]
            + confusionTable.lines).joined(separator: "\n")
    }

    private var confusionTable: TextTable {
        var table = TextTable()
        table.add([""] + labels)
        for (label, row) in zip(labels, confusion) { table.add([label] + row.map(String.init)) }
        return table
    }
}
