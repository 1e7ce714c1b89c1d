import Diagnostics
import Foundation

/// Where a model is written.
package enum OutputPath {
    /// Makes the directory in which `path` is to stand, and those around it.
    package static func makeParent(of path: String) throws {
        let parent = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true)
        } catch {
            throw Failure(
                "cannot create the directory", got: error.localizedDescription, at: parent,
                remedy: "choose another output")
        }
    }
}
