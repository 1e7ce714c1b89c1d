import Diagnostics
import Files
import Glibc

/// What is piped into the program: a file in the output, which all ranks read and a resumption finds again.
package enum PipedInput {
    /// The input that means it.
    package static let name = "-"

    private static let partSize = 1 << 20
    /// The bytes between two looks at the free space.
    private static let roomSize = 64 << 20

    /// The options with the file in the place of the name.
    package static func settled(_ options: CorpusOptions, _ files: WorkFiles) -> CorpusOptions {
        var options = options
        options.input = options.input.map { $0 == name ? files.pipedPath : $0 }
        return options
    }

    /// Writes the file, on the first rank, unless a run that was ended has written it.
    package static func keep(in files: WorkFiles) throws {
        guard try !DirectoryEntries.isThere(files.pipedPath) else { return }
        let present = try DirectoryEntries.namesIfThere(in: files.output)
        guard present.allSatisfy({ $0 == WorkFiles.directoryName }) else {
            throw Failure(
                "the output is not empty", expected: "an empty directory for what is piped in",
                got: present.prefix(3).joined(separator: ", "), at: files.output,
                remedy: "choose another output")
        }
        guard isatty(STDIN_FILENO) == 0 else {
            throw Failure(
                "nothing is piped in", expected: "documents in standard input",
                got: "a terminal", remedy: "pipe a file in, or name one", kind: .usage)
        }
        try DirectoryEntries.make(files.directory)
        try PublishedFile.write(to: files.pipedPath) { try copy(to: $0, files.directory) }
    }

    private static func copy(to writer: FileWriter, _ directory: String) throws {
        var part = [UInt8](repeating: 0, count: partSize)
        var size = 0
        while true {
            if size % roomSize < partSize { try DiskRoom.require(roomSize, at: directory) }
            let count = try SystemCall.check("cannot read standard input", at: "-") {
                read(STDIN_FILENO, &part, part.count)
            }
            guard count > 0 else { break }
            try writer.write(Array(part[..<count]))
            size += count
        }
        guard size > 0 else {
            throw Failure(
                "nothing is piped in", expected: "documents in standard input", got: "no bytes",
                remedy: "check the command before the pipe")
        }
    }
}
