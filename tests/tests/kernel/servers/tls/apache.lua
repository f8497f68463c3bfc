-- The answers, for mod_lua.
local statuses = {200, 201, 404, 410, 502}

function answer(r)
    r.content_type = "text/plain"
    local n = r.uri:match("^/id/(%d+)$")
    if n then
        r.status = statuses[tonumber(n) % 5 + 1]
        r:write("id " .. n .. "\n")
        return apache2.OK
    end
    local bytes = r.uri:match("^/big/(%d+)/")
    if bytes then
        r.headers_out["Content-Length"] = bytes
        r:write(string.rep("0123456789abcdef", tonumber(bytes) / 16))
        return apache2.OK
    end
    if r.uri:match("^/chunked/") then
        for chunk = 0, 9 do
            r:write("chunk " .. chunk .. "\n")
            r:flush()
        end
        return apache2.OK
    end
    return 400
end
