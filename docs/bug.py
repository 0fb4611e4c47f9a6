# Starts a server by way of a shell, uses it, stops it. Nearly.
import subprocess

server = subprocess.Popen("sleep 60 & echo ready; wait", shell=True, stdout=subprocess.PIPE)
server.stdout.readline()
server.kill()
server.wait()
print("server stopped")
