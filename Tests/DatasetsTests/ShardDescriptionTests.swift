import Datasets
import Foundation
import TemporaryFolders
import Testing

private let h5dump = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/h5dump" }.first { FileManager.default.isExecutableFile(atPath: $0) }

@Suite struct ShardDescriptionTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = try scratch.writeShard("a.h5", documents: [[5, 6, 7], [8]])
    }

    @Test func descriptionTellsAttributesCountsAndFirstIDs() throws {
        let description = try ShardDescription(path: path, firstIDCount: 2)
        #expect(description.firstIDs == [5, 6])
        #expect(
            description.description == """
                token shard \(path)
                  tokenizer        character aa
                  vocabulary size  300 (end of text: none)
                  source           bb
                  tokens           4 (2 bytes each)
                  documents        2
                  first document   5 6
                """)
    }

    @Test func shardWithoutDocumentsIsDescribed() throws {
        let empty = try scratch.writeShard("b.h5", documents: [])
        #expect(try ShardDescription(path: empty).firstIDs == [])
    }

    @Test(.enabled(if: h5dump != nil, "h5dump is part of hdf5-tools"))
    func otherProgramsReadTheShard() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(h5dump))
        process.arguments = [path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let text = String(decoding: data, as: UTF8.self)
        for part in [
            "(0): 5, 6, 7, 8", "(0): 0, 3, 4", "H5T_STD_U16LE", "H5T_STD_U64LE",
            "ATTRIBUTE \"tokenizer_sha256\"", "(0): \"aa\"", "(0): -1",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }
}
