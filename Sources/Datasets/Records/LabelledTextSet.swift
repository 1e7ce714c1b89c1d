import Diagnostics

/// The texts of some files that have a label.
package struct LabelledTextSet: Sendable {
    package private(set) var texts: [LabelledText] = []
    /// The number of texts without a label, which are left out.
    package private(set) var missingCount = 0
    /// What was noticed while the files were read.
    package private(set) var log: RecordLog

    /// - Throws: `Failure` for a file that cannot be used, and where no text of it has a label.
    package init(
        reading paths: [String], columns: LabelledTextColumns, encoding: TextEncoding = .utf8,
        _ policy: BadRecordPolicy = .refuse
    ) throws(Failure) {
        log = RecordLog(policy)
        for path in paths {
            let all = try LabelledTextFile.read(
                path, columns: columns, encoding: encoding, &log)
            let labelled = all.filter { $0.label != nil }
            guard !labelled.isEmpty else {
                throw Failure(
                    "no text has a label", expected: "the name of a class with each text",
                    got: "\(all.count) labels that are empty, NaN or the like", at: path,
                    remedy: "name the column of the labels")
            }
            texts += labelled
            missingCount += all.count - labelled.count
        }
        try log.requireMostUsed()
    }

    /// A warning of the texts that were left out; nil where none was.
    package var warning: String? {
        guard missingCount > 0 else { return nil }
        return
            "\(missingCount) of \(missingCount + texts.count) texts have no label (empty, NaN or the "
            + "like) and are left out"
    }
}
