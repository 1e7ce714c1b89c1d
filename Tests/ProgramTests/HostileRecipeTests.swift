import Diagnostics
import Foundation
import Runs
import Testing

/// Recipes that ask for more time, memory or numbers than there are.
@Suite struct HostileRecipeTests {
    private func line(_ text: String) -> String {
        do {
            let recipe = try Recipe.load(RecipeFile(name: "a.yaml", text: text))
            _ = try recipe.model.configuration(tokenizerVocabularySize: 1)
            return ""
        } catch {
            return (error as? Failure)?.line ?? "\(error)"
        }
    }

    private static let sound = "name: a\ndata: {train: shards}\nmodel: {preset: gpt2-micro}\n"

    @Test(.timeLimit(.minutes(1))) func aliasesOfAliasesAreRefusedAtOnce() {
        let letters = "abcdefghijklmnopqrstuvwxyz".map(String.init)
        var text = "- &a [x, x, x, x]\n"
        for (last, next) in zip(letters, letters.dropFirst()) {
            text += "- &\(next) [*\(last), *\(last), *\(last), *\(last)]\n"
        }
        #expect(
            line(text + "- {? *z : 1}\n")
                == "the YAML is too intricate: expected at most 16 aliases, got 101 (a.yaml:1); "
                + "write the values out")
    }

    @Test func aFewAliasesAreRead() {
        #expect(line(Self.sound + "train: {lanes: &x 4, global_batch_size: *x, steps: *x}") == "")
    }

    @Test(.timeLimit(.minutes(1))) func aVeryLongKeyIsRefusedAtOnce() {
        let key = String(repeating: "k", count: 100_000)
        // YAML wants the mark `?` before keys above 1024 characters.
        #expect(line("? \(key)\n: 1\n").hasPrefix("unknown key kkk"))
        #expect(line("\(key): 1\n").hasPrefix("wrong YAML syntax"))
        #expect(line(String(repeating: "[", count: 100_000)).hasPrefix("wrong YAML syntax"))
    }

    @Test(arguments: [
        ("global_batch_size: 2147483648", "train.global_batch_size: expected at most 2147483647"),
        ("global_batch_size: 9223372036854775807", "train.global_batch_size: expected at most"),
        (
            "global_batch_size: 1048576, sequence_length: 65537",
            "train.sequence_length: expected at most 65536, got 65537"
        ),
    ])
    func sizesWhoseProductsOverflowAreRefused(keys: String, message: String) {
        let line = line(Self.sound + "train: {steps: 1, \(keys)}\n")
        #expect(line.hasPrefix(message), "\(line)")
    }

    @Test(arguments: [
        "layer_count", "head_count", "embedding_size", "context_length", "vocabulary_size",
    ])
    func sizesOfNoModelAreRefused(key: String) {
        let text = Self.sound.replacing("gpt2-micro", with: "gpt2-micro, \(key): \(Int.max)")
        let line = line(text + "train: {steps: 1}\n")
        #expect(line.hasPrefix("model.\(key): expected at most"), "\(line)")
    }

    @Test(.timeLimit(.minutes(1))) func pipesAndDevicesNeitherHangNorFillTheMemory() throws {
        let pipe = FileManager.default.temporaryDirectory.appending(path: "pipe-\(UUID())").path
        try #require(mkfifo(pipe, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: pipe) }
        #expect(try RecipeFile(path: pipe).text == "")
        #expect(throws: Failure.self) { try RecipeFile(path: "/dev/zero") }
    }

    @Test func aPipeThatSomebodyWritesToIsRead() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("name: a\n".utf8))
        try pipe.fileHandleForWriting.close()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try RecipeFile(path: path).text == "name: a\n")
    }
}
