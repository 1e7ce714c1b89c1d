import Datasets
import Diagnostics
import TemporaryFolders
import Testing

@Suite struct LikelihoodFileTests {
    private let sums: [[Double]] = [[-1.5, -2.25], [-0.1, -3.14159], [-1e-300, 0]]

    private func file() throws -> (folder: Scratch, path: String) {
        let folder = try Scratch()
        let path = folder.path("likelihoods.h5")
        try LikelihoodFile(sums: sums, ofExamples: "ab", by: "cd").write(to: path)
        return (folder, path)
    }

    private func read(
        _ path: String, count: Int = 3, examples: String = "ab", model: String = "cd"
    ) throws -> [[Double]] {
        try LikelihoodFile(
            reading: path, count: count, textCount: 2, ofExamples: examples, by: model
        ).sums
    }

    @Test func whatIsReadHasTheBitsThatWereWritten() throws {
        let file = try self.file()
        #expect(try read(file.path) == sums)
    }

    @Test func whatIsOfOtherExamplesOrAnotherModelIsRefused() throws {
        let file = try self.file()
        let cases: [(line: String, body: () throws -> [[Double]])] = [
            (
                "the stored log-likelihoods are of other examples: expected xy, got ab",
                { try read(file.path, examples: "xy") }
            ),
            (
                "the stored log-likelihoods are of another model: expected xy, got cd",
                { try read(file.path, model: "xy") }
            ),
            (
                "the stored log-likelihoods are of other examples: expected 8 of them, got 6",
                { try read(file.path, count: 4) }
            ),
        ]
        for (line, body) in cases {
            let failure = #expect(throws: Failure.self) { _ = try body() }
            #expect(failure?.line.hasPrefix(line) == true, "\(failure?.line ?? "")")
        }
        try file.folder.write("no HDF5".utf8, to: "other.h5")
        #expect(throws: Failure.self) { _ = try read(file.folder.path("other.h5")) }
    }
}
