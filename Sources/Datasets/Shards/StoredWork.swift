import Diagnostics

/// A file that spares a model work which it has done before: it holds for the same examples and model alone.
struct StoredWork {
    /// What it holds, for messages.
    let name: String
    let path: String
    let file: HDF5File

    /// Refuses a file of another format, of other examples, or by another model.
    ///
    /// - Parameter model: what the model is called.
    func require(
        version: Int, examples: String, model: (name: String, sha256: String)
    ) throws {
        try require(
            "another format", "version \(version)",
            "version \(try file.integer(named: "format_version"))")
        try require("other examples", examples, try file.string(named: "examples_sha256"))
        try require(
            "another \(model.name)", model.sha256, try file.string(named: "model_sha256"))
    }

    /// Refuses a file of something else.
    func require(_ other: String, _ expected: String, _ got: String) throws {
        guard expected != got else { return }
        throw Failure(
            "the stored \(name) are of \(other)", expected: expected, got: got, at: path,
            remedy: "remove the file, and it is made anew; or name another one")
    }
}
