"""How an answer is found in a response, and compared with the right one."""
