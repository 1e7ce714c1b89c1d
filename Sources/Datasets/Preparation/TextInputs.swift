import Diagnostics
import Files

/// The text files that a command is given, each looked at before any work begins.
package struct TextInputs: Equatable, Sendable {
    /// Directories have given way to the files in them.
    package let paths: [String]
    /// Warnings of files that are no clean text.
    package let warnings: [String]

    /// - Throws: `Failure` for a directory without files, a file that is no text in UTF-8, and where no
    ///   file holds more than white space.
    package init(_ given: [String]) throws {
        paths = try DirectoryEntries.files(in: given)
        var (blank, told): ([String], [String]) = ([], [])
        for path in paths {
            let sample = try TextSample(of: FileReader(path: path, what: "cannot read the text"))
            if let failure = sample.refusal("the file is no text", at: path) { throw failure }
            if sample.isBlank { blank.append(path) }
            if let warning = sample.warning(at: path) { told.append(warning) }
        }
        guard blank.count < paths.count else {
            throw Failure(
                "there is no text", expected: "at least one word",
                got: paths.count == 1 ? "an empty file" : "\(paths.count) empty files",
                at: Self.list(paths), remedy: "name files that hold text")
        }
        if !blank.isEmpty { told.append("there is no text in \(Self.list(blank))") }
        let more = told.count - Self.shownCount
        warnings =
            told.prefix(Self.shownCount) + (more > 0 ? ["the like of \(more) more files"] : [])
    }

    private static let shownCount = 5

    private static func list(_ paths: [String]) -> String {
        let shown = paths.prefix(shownCount).joined(separator: ", ")
        return paths.count > shownCount ? "\(shown) and \(paths.count - shownCount) more" : shown
    }
}
