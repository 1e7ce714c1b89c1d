import Collectives
import Diagnostics
import Files
import Foundation

/// A part of a file whose documents one rank reads.
package struct Segment: Sendable {
    package let file: SourceFile
    package let start: Int
    /// The place from which on documents belong to the next segment.
    package let end: Int
    /// Of a compressed file that is shared out: the members with which the segment and the next begin.
    package var members: (first: MemberStart, next: MemberStart?)?
}

/// The files of a corpus in their order, in pieces that do not depend on the number of ranks.
package struct CorpusPlan: Sendable {
    package let files: [SourceFile]
    /// Each piece is some small files, one file, or a part of a large one.
    package let pieces: [[Segment]]

    package init(_ options: CorpusOptions) throws {
        try self.init(options, pieceSize: options.pieceMegabytes << 20)
    }

    /// - Parameter pieceSize: Bytes of a file that make a piece.
    package init(_ options: CorpusOptions, pieceSize: Int) throws {
        let files = try Self.files(options)
        try self.init(
            options, pieceSize: pieceSize, files: files,
            starts: files.map {
                try MemberScan.starts(of: $0, size: pieceSize, separator: options.separator)
            })
    }

    /// The files that the inputs name.
    package static func files(_ options: CorpusOptions) throws -> [SourceFile] {
        try InputPaths.files(of: options.input).map { try SourceFile(path: $0, options: options) }
    }

    /// - Parameter starts: the members of each file at which pieces of it may begin.
    package init(
        _ options: CorpusOptions, pieceSize: Int, files: [SourceFile], starts: [[MemberStart]]
    ) throws {
        self.files = files
        var (pieces, open, openSize): ([[Segment]], [Segment], Int) = ([], [], 0)
        func close() {
            if !open.isEmpty { pieces.append(open) }
            (open, openSize) = ([], 0)
        }
        for (file, starts) in zip(files, starts) where file.size > 0 {
            if starts.count > 1 {
                close()
                pieces += Self.pieces(of: file, starts)
                continue
            }
            if file.size > pieceSize, file.kind.isSplittable(separator: options.separator) {
                close()
                pieces += stride(from: 0, to: file.size, by: pieceSize).map {
                    [Segment(file: file, start: $0, end: min($0 + pieceSize, file.size))]
                }
                continue
            }
            if openSize > 0, openSize + file.size > pieceSize { close() }
            open.append(Segment(file: file, start: 0, end: .max))
            openSize += file.size
        }
        close()
        self.pieces = pieces
        guard pieces.count < 1 << 31 else {
            throw Failure("the corpus has too many pieces", got: "\(pieces.count)")
        }
    }

    private static func pieces(of file: SourceFile, _ starts: [MemberStart]) -> [[Segment]] {
        starts.indices.map { index in
            let next = index + 1 < starts.count ? starts[index + 1] : nil
            var segment = Segment(
                file: file, start: index == 0 ? 0 : starts[index].place,
                end: next?.place ?? file.size)
            segment.members = (starts[index], next)
            return [segment]
        }
    }

    /// The bytes of files of each piece.
    package var pieceSizes: [Int] {
        pieces.map { $0.reduce(0) { $0 + min($1.end, $1.file.size) - $1.start } }
    }

    /// The ranks that work on the pieces: each piece goes to the rank that has the least so far.
    package func owners(worldSize: Int) -> [Int] {
        var loads = [Int](repeating: 0, count: worldSize)
        return pieceSizes.map { size in
            let rank = loads.indices.reduce(0) { loads[$1] < loads[$0] ? $1 : $0 }
            loads[rank] += size
            return rank
        }
    }

    /// Text that distinguishes the files, for a resumption.
    package var description: String {
        files.map { "\($0.path) \($0.size) \($0.modified)" }.joined(separator: "\n")
    }
}

/// The files that the inputs of a corpus name.
package enum InputPaths {
    /// The files of paths, of directories, and of patterns with * ? [ ], in their order.
    ///
    /// - Throws: `Failure` for an address, and for a pattern without a file.
    package static func files(of inputs: [String]) throws(Failure) -> [String] {
        var paths: [String] = []
        for input in inputs {
            try refuseAddress(input)
            let isPattern = input.contains { "*?[".contains($0) }
            let isThere = try DirectoryEntries.isThere(input)
            paths += isPattern && !isThere ? try matches(of: input) : [input]
        }
        var found: [String] = []
        for path in paths { found += try parts(of: path) ?? [path] }
        return try DirectoryEntries.files(in: found)
    }

    /// The kept documents in the output of a corpus; nil for any other path.
    private static func parts(of path: String) throws(Failure) -> [String]? {
        guard try DirectoryEntries.isFolder(path) else { return nil }
        let names = try DirectoryEntries.names(in: path)
        guard names.contains(WorkFiles.planName) else { return nil }
        guard names.contains(WorkFiles.reportName) else {
            throw Failure(
                "the corpus is not finished", expected: WorkFiles.reportName, got: "none", at: path,
                remedy: "go on with it by --resume first")
        }
        return names.filter { $0.hasPrefix("part-") }.map { "\(path)/\($0)" }
    }

    private static func refuseAddress(_ input: String) throws(Failure) {
        guard let scheme = input.range(of: "://") else { return }
        let tools = ["s3": "aws s3 cp --recursive", "gs": "gsutil -m cp -r", "hf": "hf download"]
        let tool = tools[String(input[..<scheme.lowerBound])] ?? "curl -LO"
        throw Failure(
            "the corpus is read from files", expected: "a path", got: input,
            remedy: "fetch it first, for example by \(tool) \(input)", kind: .usage)
    }

    private static func matches(of pattern: String) throws(Failure) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_BRACE, nil, &found) == 0, found.gl_pathc > 0 else {
            throw Failure(
                "no file matches the pattern", expected: "at least one", got: "none", at: pattern,
                remedy: "check the path")
        }
        return (0..<Int(found.gl_pathc)).compactMap {
            found.gl_pathv[$0].map { String(cString: $0) }
        }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
