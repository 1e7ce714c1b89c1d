import Diagnostics

/// The figures that a command was asked for, and the check that they are numbers.
package enum FiniteFigures {
    /// - Parameters:
    ///   - json: what the command printed, in which null stands for the rest.
    ///   - place: the model or the measurement that gave the figures.
    package static func require(_ json: JSONValue, at place: String) throws(Failure) {
        guard let found = json.nonFiniteNumber else { return }
        throw Failure(
            "\(found.path) is not finite", expected: "a number", got: "\(found.value)", at: place,
            remedy: "the model has diverged, or its numbers overflow: take an earlier checkpoint")
    }
}
