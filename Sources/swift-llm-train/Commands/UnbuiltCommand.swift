import Diagnostics

/// A command whose arguments are settled and whose work is not built yet.
enum UnbuiltCommand {
    static func refuse(_ name: String) throws {
        throw Failure("the command \(name) is not built yet")
    }
}
