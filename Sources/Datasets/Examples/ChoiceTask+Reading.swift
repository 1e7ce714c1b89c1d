import Diagnostics
import Files
import Foundation

extension ChoiceTask {
    /// Reads the tasks of a file, or of the files of a folder in name order.
    ///
    /// A file holds JSON lines (ARC, HellaSwag), or rows of CSV (a subject of MMLU), whose examples come
    /// from the folder `dev` beside its own. Of MMLU's whole folder `val` is read.
    ///
    /// - Throws: `Failure`, with file and line, for what is no question.
    package static func read(_ path: String) throws -> [ChoiceTask] {
        guard try DirectoryEntries.isFolder(path) else {
            return [try ChoiceTask(reading: path, group: nil)]
        }
        let folder = try DirectoryEntries.isFolder(path + "/val") ? path + "/val" : path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".csv") || $0.hasSuffix(".jsonl") }
        guard !files.isEmpty else {
            throw Failure(
                "the folder holds no questions", expected: "files *.jsonl or *.csv", got: "none",
                at: folder)
        }
        return try files.map { name in
            try ChoiceTask(
                reading: "\(folder)/\(name)",
                group: name.hasSuffix(".csv") ? groupName(folder) : nil)
        }
    }

    private init(reading path: String, group: String?) throws {
        let file = try ExampleFile(reading: path)
        let stem = URL(filePath: path).deletingPathExtension().lastPathComponent
        let isJSON = file.bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
        if isJSON {
            self.init(name: stem, group: group, questions: try file.jsonQuestions())
        } else {
            let subject = Self.splits.reduce(stem) { name, split in
                name.hasSuffix("_" + split) ? String(name.dropLast(split.count + 1)) : name
            }
            self.init(
                name: subject, group: group, questions: try file.mmluQuestions(),
                preamble: "The following are multiple choice questions (with answers) about "
                    + "\(subject.replacing("_", with: " ")).\n\n",
                examples: try Self.examples(ofSubject: subject, besides: path))
        }
        guard !questions.isEmpty else {
            throw Failure("the file holds no question", at: path)
        }
        files = [path]
        if examples != nil { files.append(Self.examplesPath(ofSubject: name, besides: path)) }
    }

    private static let splits = ["val", "test", "dev"]

    /// The examples of a subject; nil where it has no questions in the folder `dev`, or is just
    /// these.
    private static func examples(
        ofSubject subject: String, besides path: String
    ) throws -> [ChoiceQuestion]? {
        let folder = URL(filePath: path).deletingLastPathComponent()
        let examples = examplesPath(ofSubject: subject, besides: path)
        guard folder.lastPathComponent != "dev", try DirectoryEntries.isThere(examples) else {
            return nil
        }
        return try ExampleFile(reading: examples).mmluQuestions()
    }

    private static func examplesPath(ofSubject subject: String, besides path: String) -> String {
        URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "dev/\(subject)_dev.csv").path
    }

    /// The name of the folder, or of that around it where it is a split.
    private static func groupName(_ folder: String) -> String {
        let url = URL(filePath: folder).standardizedFileURL
        let name = url.lastPathComponent
        return splits.contains(name) ? url.deletingLastPathComponent().lastPathComponent : name
    }
}

extension ExampleFile {
    fileprivate func jsonQuestions() throws(Failure) -> [ChoiceQuestion] {
        var questions: [ChoiceQuestion] = []
        for (line, value) in try jsonLines() {
            questions.append(try ChoiceQuestion(value, at: place(ofLine: line)))
        }
        return questions
    }

    fileprivate func mmluQuestions() throws(Failure) -> [ChoiceQuestion] {
        var questions: [ChoiceQuestion] = []
        for record in try records(.csv) {
            let place = place(ofLine: record.line)
            questions.append(try ChoiceQuestion(mmlu: record, at: place))
        }
        return questions
    }
}
