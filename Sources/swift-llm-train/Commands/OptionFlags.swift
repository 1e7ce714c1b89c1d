import Diagnostics
import Options

extension OptionBlock {
    /// Checks options that came from flags by the bounds that hold in a recipe.
    ///
    /// - Throws: A usage `Failure` that names the flag.
    func validateFlags() throws {
        for field in Self.fields {
            var copy = self
            let value = field.read(self)
            let flag = Self.flag(field.key)
            guard !field.write(&copy, value) else {
                if value != field.read(Self()) { try requireEffect(of: field) }
                continue
            }
            throw Failure(
                flag, expected: field.expectation, got: value.quotedDescription,
                remedy: "see --help", kind: .usage)
        }
    }

    private func requireEffect(of field: OptionField<Self>) throws {
        for condition in field.role.conditions {
            guard let other = Self.fields.first(where: { $0.key == condition.key }),
                !condition.isMet(other.read(self))
            else { continue }
            throw Failure(
                "\(Self.flag(field.key)) has no effect",
                expected: "\(Self.flag(other.key)) to be \(condition.expectation)",
                got: "\(other.read(self))", remedy: "leave it out", kind: .usage)
        }
    }

    private static func flag(_ key: String) -> String {
        "--" + key.map { $0 == "_" ? "-" : String($0) }.joined()
    }
}
