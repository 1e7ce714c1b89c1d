import Diagnostics
import Files

/// Begins a corpus, or goes on with one, on the first rank.
package struct WorkStart {
    private let files: WorkFiles
    /// Text that tells apart the files and options of one corpus from those of another.
    private let identity: [UInt8]

    package init(_ plan: CorpusPlan, _ settings: CorpusSettings, _ files: WorkFiles) {
        self.files = files
        let options = settings.description.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        identity = Array((plan.description + "\n" + options.joined(separator: "\n") + "\n").utf8)
    }

    /// - Returns: whether the corpus is finished already.
    package func begin(isResuming: Bool, isReplacing: Bool) throws -> Bool {
        let present = try DirectoryEntries.namesIfThere(in: files.output)
        guard present.contains(where: { $0 != WorkFiles.directoryName }) else {
            try create()
            return false
        }
        let isSame =
            try isResuming && DirectoryEntries.isThere(files.planPath)
            && FileReader.bytes(of: files.planPath) == identity
        if isSame {
            if try DirectoryEntries.isThere(files.reportPath) {
                // The run may have been ended while it tidied up.
                try DirectoryEntries.remove(files.directory)
                return true
            }
            try DirectoryEntries.make(files.directory)
            try PublishedDirectory.removeLeftovers(in: files.directory)
            return false
        }
        guard isReplacing else { throw try refusal(present, isResuming: isResuming) }
        try DirectoryEntries.remove(files.output)
        try create()
        return false
    }

    private func create() throws {
        try DirectoryEntries.make(files.directory)
        try DirectoryEntries.make("\(files.output)/dropped")
        try DirectoryEntries.make("\(files.output)/\(WorkFiles.textFolder)")
        try PublishedFile.write(identity, to: files.planPath)
    }

    private func refusal(_ present: [String], isResuming: Bool) throws -> Failure {
        guard try DirectoryEntries.isThere(files.planPath) else {
            return Failure(
                "the output is not empty", expected: "an empty directory",
                got: present.prefix(3).joined(separator: ", "), at: files.output,
                remedy: "choose another output, or remove what lies there")
        }
        if isResuming {
            return Failure(
                "the corpus was begun with other files or options",
                expected: "those of its start", got: "others", at: files.output,
                remedy: "choose another output, or remove this one")
        }
        let isDone = try DirectoryEntries.isThere(files.reportPath)
        return Failure(
            "the output holds a corpus", expected: "an empty directory",
            got: isDone ? "a finished one" : "one that was begun", at: files.output,
            remedy: isDone ? "choose another output" : "go on by --resume, or choose another output"
        )
    }
}
