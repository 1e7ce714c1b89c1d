import Diagnostics
import Foundation
import ModelFiles

extension ModelPath {
    /// The directory, after one line on standard error where it is not the path that was given.
    ///
    /// - Parameter isSpeaking: whether this is the rank that prints.
    func announced(isSpeaking: Bool = true) -> String {
        if let note, isSpeaking { Console.write("note: \(note)\n", to: .standardError) }
        return directory
    }
}
