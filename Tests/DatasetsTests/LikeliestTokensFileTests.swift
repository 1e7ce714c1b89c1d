import Datasets
import Diagnostics
import TemporaryFolders
import Testing

@Suite struct LikeliestTokensFileTests {
    private static let subject = LikeliestTokensFile.Subject(
        examplesSHA256: "ab", modelSHA256: "cd", count: 2, temperature: 0.9)
    private let stored = LikeliestTokensFile(
        subject, ids: [3, 1, 0, 4], costs: [0.25, 2, 1e-9, 87.5])

    private func read(
        _ path: String, _ subject: LikeliestTokensFile.Subject = subject, tokenCount: Int = 2,
        vocabularySize: Int = 5
    ) throws -> LikeliestTokensFile {
        try LikeliestTokensFile(
            reading: path, subject, tokenCount: tokenCount, vocabularySize: vocabularySize)
    }

    @Test func whatIsReadHasTheBitsThatWereWritten() throws {
        let folder = try Scratch()
        try stored.write(to: folder.path("teacher.h5"))
        #expect(try read(folder.path("teacher.h5")) == stored)
        #expect(throws: Failure.self) { try stored.write(to: folder.path("teacher.h5")) }
    }

    @Test func whatIsOfSomethingElseIsRefused() throws {
        let folder = try Scratch()
        let path = folder.path("teacher.h5")
        try stored.write(to: path)
        func subject(
            examples: String = "ab", model: String = "cd", count: Int = 2,
            temperature: Double = 0.9
        ) -> LikeliestTokensFile.Subject {
            LikeliestTokensFile.Subject(
                examplesSHA256: examples, modelSHA256: model, count: count,
                temperature: temperature)
        }
        let cases: [(line: String, body: () throws -> LikeliestTokensFile)] = [
            ("of other examples: expected x, got ab", { try read(path, subject(examples: "x")) }),
            ("of another teacher: expected x, got cd", { try read(path, subject(model: "x")) }),
            (
                "of another number of tokens: expected 3, got 2",
                { try read(path, subject(count: 3)) }
            ),
            (
                "of another temperature: expected 1.0, got 0.9",
                { try read(path, subject(temperature: 1)) }
            ),
            (
                "of other examples: expected 6 of them, got 4 of them",
                { try read(path, tokenCount: 3) }
            ),
        ]
        for (line, body) in cases {
            let failure = #expect(throws: Failure.self) { _ = try body() }
            #expect(
                failure?.line.hasPrefix("the stored likeliest tokens are \(line)") == true,
                "\(failure?.line ?? "")")
        }
        let damaged = #expect(throws: Failure.self) { _ = try read(path, vocabularySize: 4) }
        #expect(damaged?.line.contains("are damaged") == true)
        try folder.write("no HDF5".utf8, to: "other.h5")
        #expect(throws: Failure.self) { _ = try read(folder.path("other.h5")) }
    }
}
