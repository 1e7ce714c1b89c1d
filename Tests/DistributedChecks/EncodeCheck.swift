import Diagnostics
import Files
import ModelFiles
import Tokenizers

extension Checks {
    /// Prints the token ids of each text of a file on a line of its own, for
    /// Tests/Scripts/check_real_models.py: with the tokenizer that is named first, of the file that is named
    /// next, in which a zero byte ends each text.
    func encode() throws -> Int32 {
        guard arguments.count == 3 else {
            throw Failure("expected a tokenizer and a file of texts", kind: .usage)
        }
        let tokenizer = try StoredModelFormat.tokenizer(arguments[1])
        let bytes = try FileReader.bytes(of: arguments[2])
        var lines: [String] = []
        for text in bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast() {
            let ids = try tokenizer.encode(Array(text))
            lines.append(ids.map(String.init).joined(separator: " "))
        }
        Console.line(lines.joined(separator: "\n"))
        return 0
    }
}
