import Diagnostics
import TemporaryFolders
import Testing
import Web

@Suite struct APIKeysTests {
    private func request(_ header: String?) -> WebRequest {
        WebRequest(
            method: "GET", path: "/", headers: header.map { ["authorization": $0] } ?? [:])
    }

    @Test func onlyThoseWithAKeyMayCome() {
        let keys = APIKeys(["one", "two"])
        #expect(keys.name(ofKeyIn: request("Bearer one")) == "key 0")
        #expect(keys.name(ofKeyIn: request("bearer two")) == "key 1")
        for header in [nil, "", "Bearer ", "Bearer three", "Bearer on", "Bearer onee", "Basic one"]
        {
            #expect(keys.name(ofKeyIn: request(header)) == nil)
        }
        #expect(APIKeys([]).name(ofKeyIn: request(nil)) == "")
    }

    @Test func keysOfAFileStandOneALine() throws {
        let folder = try TemporaryFolder()
        let path = folder("keys")
        try folder.write("# ours\n\n one \ntwo\n", to: "keys")
        let keys = try APIKeys(file: path)
        #expect(keys.name(ofKeyIn: request("Bearer one")) == "key 0")
        #expect(keys.name(ofKeyIn: request("Bearer # ours")) == nil)
        try folder.write("# none\n", to: "keys")
        #expect(throws: Failure.self) { try APIKeys(file: path) }
    }
}
