import Foundation
import Logging

/// Where a run reports to people: standard output, standard error for warnings, and a file.
package enum RunLog {
    /// The logger of one rank; only the first one writes.
    ///
    /// - Parameter name: comes before each message, where several runs share a terminal.
    package static func logger(
        rank: Int, path: String? = nil, name: String? = nil
    ) throws -> Logger {
        guard rank == 0 else {
            return Logger(label: "swift-llm-train") { _ in SwiftLogNoOpLogHandler() }
        }
        let file = try path.map(openForAppending)
        return Logger(label: "swift-llm-train") { _ in RunLogHandler(file: file, name: name) }
    }

    /// What a line says as a JSON object, in a log that has such lines.
    ///
    /// - Parameter isPassing: whether the line is only wanted where no live status tells the same.
    package static func record(_ json: String, isPassing: Bool = false) -> Logger.Metadata {
        isPassing ? [recordKey: "\(json)", passingKey: "true"] : [recordKey: "\(json)"]
    }

    fileprivate static let (recordKey, passingKey) = ("record", "passing")

    private static func openForAppending(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(
                "cannot write the log", got: String(cString: strerror(errno)), at: path,
                remedy: "choose another output")
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

/// Prints messages as they are; in the file each line bears the time.
private struct RunLogHandler: LogHandler {
    let file: FileHandle?
    let prefix: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(file: FileHandle?, name: String?) {
        self.file = file
        prefix = name.map { "\($0): " } ?? ""
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let isWarning = event.level >= .warning
        let text = isWarning ? "warning: \(event.message)" : "\(event.message)"
        show(text, event)
        try? file?.write(contentsOf: Data("\(Date().ISO8601Format()) \(text)\n".utf8))
    }

    private func show(_ text: String, _ event: LogEvent) {
        let isWarning = event.level >= .warning
        if ConsoleFormat.current == .json {
            let record = event.metadata?[RunLog.recordKey].map { "\($0)" }
            Console.record(
                record ?? ConsoleFormat.object("\(event.message)", level: "\(event.level)"))
            guard isWarning else { return }
        }
        if event.metadata?[RunLog.passingKey] != nil && ConsoleFooter.isShown { return }
        let stream = isWarning ? FileHandle.standardError : FileHandle.standardOutput
        Console.write(prefix + text + "\n", to: stream)
    }
}
