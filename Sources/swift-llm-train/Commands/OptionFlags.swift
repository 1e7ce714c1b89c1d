import Diagnostics
import Training

extension OptionBlock {
    /// Checks options that came from flags by the bounds that hold in a recipe.
    ///
    /// - Throws: A usage `Failure` that names the flag.
    func validateFlags() throws {
        for field in Self.fields {
            var copy = self
            let value = field.read(self)
            guard !field.write(&copy, value) else { continue }
            let flag = "--" + field.key.map { $0 == "_" ? "-" : String($0) }.joined()
            throw Failure(
                flag, expected: field.expectation, got: value.quotedDescription,
                remedy: "see --help", kind: .usage)
        }
    }
}
