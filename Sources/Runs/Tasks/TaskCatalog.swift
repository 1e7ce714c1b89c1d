import Datasets
import Diagnostics
import Evaluation
import Files
import Foundation
import JSON
import Options

/// Finds the tasks that `evaluate --tasks` and recipes name.
package enum TaskCatalog {
    /// The tasks of the program, in the order in which files are compared with them.
    private static func builtIn() throws -> [(name: String, keys: [String: JSONValue])] {
        let text = String(decoding: PackageResources.tasks_yaml, as: UTF8.self)
        let root = try YAMLText(text, place: { "tasks.yaml:\($0)" }).json()
        return (root.members ?? []).map { member in
            let name = String(decoding: member.key, as: UTF8.self)
            return (name, (member.value.object ?? [:]).merging(["task": .string(name)]) { $1 })
        }
    }

    package static func names() throws -> [String] { try builtIn().map(\.name) }

    /// The tasks that a word means: NAME=FILE, a YAML file, or a file or folder of questions.
    ///
    /// - Throws: `Failure` for a task that there is not, and for files that cannot be read.
    package static func tasks(_ word: String) throws -> [EvaluationTask] {
        if let mark = word.firstIndex(of: "="), try !DirectoryEntries.isThere(word) {
            let files = word[word.index(after: mark)...].split(separator: ",").map(String.init)
            guard let questions = files.first else { throw unknown(word) }
            return try tasks(
                definition(named: String(word[..<mark])), in: questions,
                examples: Array(files.dropFirst()))
        }
        if isYAML(word) { return [try EvaluationTask(reading: try definition(named: word))] }
        guard try DirectoryEntries.isThere(word) else {
            guard try names().contains(word) else { throw unknown(word) }
            throw Failure(
                "the task \(word) needs its questions", expected: "\(word)=FILE", got: word,
                remedy: "name a file of them as published, or \(word)=FILE,EXAMPLES", kind: .usage)
        }
        return try tasks(nil, in: word, examples: [])
    }

    private static func isYAML(_ path: String) -> Bool {
        path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    }

    private static func unknown(_ word: String) -> Failure {
        let names = (try? names()) ?? []
        let near = NearestName.nearest(to: word, in: names)
        return Failure(
            "there is no such task", expected: "a YAML file, NAME=FILE, or a file of questions",
            got: word,
            remedy: near.map { "did you mean \($0)?" }
                ?? "the names are \(names.joined(separator: ", "))", kind: .usage)
    }

    // MARK: Definitions

    private static func definition(named name: String) throws -> TaskDefinition {
        guard isYAML(name) else {
            guard let keys = try builtIn().first(where: { $0.name == name })?.keys else {
                throw unknown(name)
            }
            return try TaskDefinition(.object(keys), at: "the task \(name)")
        }
        var keys = try keys(ofFile: name, depth: 0)
        if keys["task"]?.string == nil { keys["task"] = .string(stem(name)) }
        var definition = try TaskDefinition(.object(keys), at: name)
        let folder = URL(filePath: name).deletingLastPathComponent().path
        for (split, files) in definition.source.files {
            definition.source.files[split] = try files.map { file in
                let beside = "\(folder)/\(file)"
                return try !DirectoryEntries.isThere(file) && DirectoryEntries.isThere(beside)
                    ? beside : file
            }
        }
        return definition
    }

    /// Files that include each other.
    private static let maximumDepth = 8

    /// The keys of a file, over those of the file that it includes.
    private static func keys(ofFile path: String, depth: Int) throws -> [String: JSONValue] {
        let file = try RecipeFile(path: path)
        guard
            var keys = try YAMLText(file.text, place: { "\(path):\($0)" }).json().object,
            depth < maximumDepth
        else {
            throw Failure(
                "cannot read the task", expected: "keys with values", got: "none", at: path,
                kind: .usage)
        }
        guard let included = keys.removeValue(forKey: "include")?.string else { return keys }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        return try self.keys(ofFile: "\(folder)/\(included)", depth: depth + 1)
            .merging(keys) { $1 }
    }

    // MARK: Files

    private static let splits = ["val", "test", "dev"]

    /// The tasks of a file, or of the files of a folder in name order.
    ///
    /// - Parameter definition: nil for the one whose fields the file has.
    private static func tasks(
        _ definition: TaskDefinition?, in path: String, examples: [String]
    ) throws -> [EvaluationTask] {
        guard try DirectoryEntries.isFolder(path) else {
            return [try task(definition, path, examples: examples, group: nil)]
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
            try task(
                definition, "\(folder)/\(name)", examples: examples,
                group: name.hasSuffix(".csv") ? groupName(folder) : nil)
        }
    }

    private static func task(
        _ definition: TaskDefinition?, _ path: String, examples: [String], group: String?
    ) throws -> EvaluationTask {
        var task = try definition ?? self.definition(fitting: path)
        if definition == nil || group != nil { task.name = subject(stem(path)) }
        task.group = group ?? task.group
        var examples = examples
        let folder = URL(filePath: path).deletingLastPathComponent()
        let dev = folder.deletingLastPathComponent()
            .appending(path: "dev/\(subject(stem(path)))_dev.csv").path
        if examples.isEmpty, folder.lastPathComponent != "dev", try DirectoryEntries.isThere(dev) {
            examples = [dev]
        }
        task.source.replaceFiles([path], examples: examples)
        return try EvaluationTask(reading: task)
    }

    /// The task whose fields a file has; of a table without names, the first whose columns are as many.
    private static func definition(fitting path: String) throws -> TaskDefinition {
        let tasks = try builtIn()
        var table = TaskTable()
        table.layouts = tasks.flatMap { $0.keys["metadata"]?["tables"]?.array ?? [] }
            .map { ($0.array ?? []).compactMap(\.string) }
        table.known = Set(table.layouts.joined().filter { $0.count > 1 })
        let document = try TaskFile.read([path], table).first
        let fields = Set(document?.fields.keys.map { $0 } ?? [])
        let fitting = tasks.first { task in
            let wanted = task.keys["metadata"]?["fields"]?.array?.compactMap(\.string) ?? []
            return !wanted.isEmpty && fields.isSuperset(of: wanted)
        }
        guard let fitting else {
            throw Failure(
                "no task has these fields", expected: "NAME=FILE",
                got: fields.sorted().joined(separator: ", "), at: document?.place ?? path,
                remedy: "name the task: \(tasks.map(\.name).joined(separator: ", "))",
                kind: .usage)
        }
        return try TaskDefinition(.object(fitting.keys), at: "the task \(fitting.name)")
    }

    private static func stem(_ path: String) -> String {
        URL(filePath: path).deletingPathExtension().lastPathComponent
    }

    /// The name without the split behind it.
    private static func subject(_ stem: String) -> String {
        guard let split = splits.first(where: { stem.hasSuffix("_" + $0) }) else { return stem }
        return String(stem.dropLast(split.count + 1))
    }

    /// The name of the folder, or of that around it where it is a split.
    private static func groupName(_ folder: String) -> String {
        let url = URL(filePath: folder).standardizedFileURL
        let name = url.lastPathComponent
        return splits.contains(name) ? url.deletingLastPathComponent().lastPathComponent : name
    }
}
